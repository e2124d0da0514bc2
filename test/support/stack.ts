/**
 * A whole product for one test file, stopped after it by itself.
 *
 *   const stack = await startStack({ nodes: ['us', 'us', 'sg'] });      // in beforeAll
 *   new OpenAI({ baseURL: `${stack.gateway}/v1`, apiKey: stack.apiKey });
 *   await stack.nodes[0].kill();  await stack.nodes[0].start();
 *   await stack.database.pool.query('...');
 */
import { afterFile } from './after-file.js';
import { type BuiltStack, buildStack, type StackChoices } from './build-stack.js';
import { createDatabase, type TestDatabase } from './database.js';
import { createFolder } from './folder.js';
import { connectRedis, type TestRedis } from './redis.js';
import { askService } from './services.js';

export interface TestStack extends BuiltStack {
  readonly database: TestDatabase;
  readonly redis: TestRedis;
}

export async function startStack(choices: StackChoices = {}): Promise<TestStack> {
  const folder = createFolder();
  const [{ dist }, database, redis] = await Promise.all([askService('program'), createDatabase(), connectRedis()]);
  const place = { dist, folder, databaseUrl: database.url, redisUrl: redis.url, redisPrefix: redis.prefix };
  const stack = await buildStack(place, choices);
  // Registered last, so it runs first: programs stop before their database goes.
  afterFile(() => stack.stop());
  return { ...stack, database, redis };
}
