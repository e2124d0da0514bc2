/** The stand-in for Stripe as a program of the local stack: `PORT`, `WEBHOOK_URL`, `WEBHOOK_SECRET`. */
import { readConfig } from './config.js';
import { FakeStripe } from './server.js';

const fake = new FakeStripe(readConfig());
await fake.start();
process.stdout.write(`fake Stripe at ${fake.url}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void fake.stop());
