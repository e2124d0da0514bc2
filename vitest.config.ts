import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Entities and resolvers carry legacy decorators with emitted types.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  // Otherwise two copies of graphql load, one by `import` and one by `require`.
  resolve: { alias: { graphql: 'graphql/index.js' } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
