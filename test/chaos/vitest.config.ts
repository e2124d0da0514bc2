import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.js';

/** `npm run chaos`: not part of `npm test`, which runs the short list. */
const chaos = mergeConfig(base, defineConfig({ test: { maxWorkers: 1, disableConsoleIntercept: true } }));
export default { ...chaos, test: { ...chaos.test, include: ['test/chaos/*.chaos.ts'] } };
