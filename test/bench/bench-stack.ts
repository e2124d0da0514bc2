/**
 * What the benchmark measures against: the product with one node, its sandbox vendor, and the bare pass-through, each a process of its
 * own. The demo key gets a full wallet and no limit that the load would meet. Everything stops with `stop`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { creditBonus } from '../../control-plane/modules/billing/credit-account.js';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { TetheredProcess } from '../../local/services/tethered-process.js';
import { NANO_PER_USD } from '../../shared/money.js';
import { type BuiltStack, buildStack } from '../support/build-stack.js';
import { TestServices } from '../support/test-services.js';
import { bareEnvironment } from './config.js';

export interface BenchStack {
  readonly stack: BuiltStack;
  readonly bare: TetheredProcess;
  readonly bareUrl: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
}

const PURSE = 10_000n * NANO_PER_USD;
const NO_LIMIT = 1_000_000_000;
const DATABASE = 'bench';
const READY_MS = 30_000;

export async function startBenchStack(): Promise<BenchStack> {
  // This file is part of the compiled program.
  const services = new TestServices(() => Promise.resolve({ dist: fileURLToPath(new URL('../..', import.meta.url)) }));
  const folder = mkdtempSync(join(tmpdir(), 'modelapi-bench-'));
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.toReversed()) await one();
    await services.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [{ dist }, postgres, redis] = await Promise.all([ask(services, 'program'), ask(services, 'postgres'), ask(services, 'redis')]);
    const databaseUrl = await cloneDatabase(postgres.url, postgres.template);
    const stack = await buildStack({ dist, folder, databaseUrl, redisUrl: redis.url, redisPrefix: 'bench:' });
    stops.push(() => stack.stop());
    await liftLimits(databaseUrl);
    const port = await findAnyFreePort();
    const bare = TetheredProcess.node(join(dist, 'test/bench/bare.js'), [], {
      name: 'bare',
      logFile: join(folder, 'bare.log'),
      env: bareEnvironment({ upstream: stack.sandbox.url, port }),
    });
    stops.push(() => bare.stop());
    const bareUrl = `http://127.0.0.1:${port}`;
    await waitFor(bareUrl);
    await waitForKey(stack);
    return { stack, bare, bareUrl, redisUrl: redis.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function ask<Name extends 'program' | 'postgres' | 'redis'>(services: TestServices, name: Name): Promise<Answers[Name]> {
  return (await services.ask(name)) as Answers[Name];
}

interface Answers {
  readonly program: { readonly dist: string };
  readonly postgres: { readonly url: string; readonly template: string };
  readonly redis: { readonly url: string };
}

export async function cloneDatabase(serverUrl: string, template: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${DATABASE} TEMPLATE ${template}`);
  await client.end();
  return serverUrl.replace(/\/postgres$/, `/${DATABASE}`);
}

/** Money for millions of requests, and a key that may send them. */
async function liftLimits(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('BEGIN');
  const { rows } = await client.query<{ id: string; account_id: string }>('SELECT id, account_id FROM api_key');
  const accountId = rows[0]?.account_id ?? '';
  await creditBonus(client, { accountId, amount: PURSE, refType: 'bench', refId: accountId, reason: 'Benchmark' });
  await client.query('UPDATE api_key SET requests_per_minute = $1, tokens_per_minute = $1', [NO_LIMIT]);
  const touched = rows.map((row) => ({ kind: 'key', subjectType: 'api_key', subjectId: row.id }));
  await client.query('SELECT touch_config($1, NULL)', [JSON.stringify(touched)]);
  await client.query('COMMIT');
  await client.end();
}

async function waitFor(url: string): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    try {
      await (await fetch(url)).body?.cancel();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The node has the new limits when the answer's header says so. */
async function waitForKey(stack: BuiltStack): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    const response = await fetch(`${stack.gateway}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o-mini', max_tokens: 16, messages: [{ role: 'user', content: 'ready?' }] }),
    });
    const text = await response.text();
    if (response.ok && Number(response.headers.get('x-ratelimit-limit-requests')) >= NO_LIMIT) return;
    if (Date.now() > until) throw new Error(`the gateway does not answer as it should: ${response.status} ${text.slice(0, 300)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
