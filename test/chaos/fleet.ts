/**
 * A whole product for chaos: nodes, control plane, sandbox, a stand-in for Stripe, a chain when it is wanted, and a PostgreSQL and a Redis of
 * its own that may be killed, frozen and started again; a proxy stands between nodes and Redis. `rest` waits until everything that was served has settled and holds what customers saw against the database.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { Hex } from 'viem';
import { HDKey } from 'viem/accounts';
import { expect } from 'vitest';
import { migrate } from '../../control-plane/db/migrate.js';
import { adjustAccount } from '../../control-plane/modules/billing/credit-account.js';
import { Program, type ProgramOptions } from '../../local/programs.js';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { type PostgresServer, startPostgres } from '../../local/services/postgres.js';
import type { RedisServer } from '../../local/services/redis.js';
import { NANO_PER_USD } from '../../shared/money.js';
import { type LocalChain, startLocalChain } from '../control-plane/payment/local-chain.js';
import { type Receiver, startReceiver } from '../control-plane/webhook/receiver.js';
import { afterFile } from '../support/after-file.js';
import { type BuiltStack, buildStack } from '../support/build-stack.js';
import { createFolder } from '../support/folder.js';
import { assertMoneyInvariants, type InvariantOptions } from '../support/invariants.js';
import { startOwnRedis } from '../support/redis.js';
import { askService } from '../support/services.js';
import { startToxicProxy, type ToxicProxy } from '../support/toxic-proxy.js';
import { type CheckOptions, checkHistory, History, unsettled } from './history.js';

export const NO_LIMIT = 1_000_000_000;
const LIMIT_ANSWER_MS = 10_000;
const DATABASE = 'chaos';
const PASSWORD = 'chaos';

export type RestOptions = CheckOptions & InvariantOptions;

export interface Fleet {
  readonly stack: BuiltStack;
  readonly nodes: readonly Program[];
  readonly pool: pg.Pool;
  readonly history: History;
  readonly accountId: string;
  /** Between every node and Redis; the control plane has a way of its own. */
  readonly nodesToRedis: ToxicProxy;
  /** A customer's server: webhooks go there. */
  readonly receiver: Receiver;
  /** With a token that the control plane takes for USDT; absent when no fault needs it. */
  readonly chain: (LocalChain & { readonly token: Hex }) | undefined;
  /** Data of a node: the spool lies in it. */
  dataDirectory(node: Program): string;
  readonly redis: { kill(): Promise<void>; start(): Promise<void>; freeze(): void; thaw(): void; readonly url: string };
  readonly postgres: { kill(): Promise<void>; start(): Promise<void>; freeze(): Promise<void>; thaw(): void };
  /** A change of configuration that every node's answers show: the key's requests a minute. */
  setKeyLimit(requestsPerMinute: number): Promise<void>;
  /** The same node, otherwise: other variables, other flags of Node. It is not running then. */
  altered(node: Program, change: Pick<Partial<ProgramOptions>, 'environment' | 'extraFlags'>): Program;
  /** What is available then; what nodes have leased is beside it. */
  setBalance(amount: bigint): Promise<void>;
  /** Nodes drain and start again: no lease is out. */
  returnLeases(): Promise<void>;
  /** Everything is up again: waits for the last settlement, then checks all invariants and the history. */
  rest(options?: RestOptions): Promise<void>;
}

export interface FleetWishes {
  readonly nodes?: readonly string[];
  readonly chain?: boolean;
}

export async function startFleet({ nodes = ['us', 'us'], chain: wantsChain = false }: FleetWishes = {}): Promise<Fleet> {
  const folder = createFolder();
  chmodSync(folder, 0o755); // PostgreSQL's own user must be able to enter
  const { dist } = await askService('program');
  const place = { directory: join(folder, 'postgres'), password: PASSWORD, durable: true, logFile: join(folder, 'postgres.log') };
  let server: PostgresServer = await startPostgres({ ...place, port: await findAnyFreePort() });
  let redis: RedisServer = await startOwnRedis();
  const setUp = new pg.Client({ connectionString: server.url });
  await setUp.connect();
  await setUp.query(`CREATE DATABASE ${DATABASE}`);
  await setUp.end();
  const databaseUrl = server.databaseUrl(DATABASE);
  await migrate(databaseUrl, new URL('../../migrations', import.meta.url).pathname);
  const nodesToRedis = await startToxicProxy({ host: '127.0.0.1', port: redis.port });
  const receiver = await startReceiver();
  const chain = wantsChain ? await startChainWithToken() : undefined;
  const stack = await buildStack(
    { dist, folder, databaseUrl, redisUrl: redis.url, redisPrefix: 'chaos' },
    {
      nodes,
      fakeStripe: true,
      extra: ({ redisUrl, sandboxUrl }) => ({
        dataPlane: { REDIS_URL: nodesToRedis.in(redisUrl) },
        controlPlane: { EGRESS_ALLOWED_ORIGINS: `${sandboxUrl},${receiver.origin}`, ...(chain && chainAccess(chain)) },
      }),
    },
  );
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  pool.on('error', () => undefined);
  const history = new History(join(folder, 'history.jsonl'));
  afterFile(async () => {
    await stack.stop();
    await pool.end();
    await Promise.all([server.process.stop(), redis.process.stop()]);
  });
  const accountId = await setLimit(pool, NO_LIMIT);
  await adjust(pool, accountId, 100n * NANO_PER_USD);
  await until(() => hasNoLimit(stack), 20_000, 'nodes know the new limits');
  let frozen: number[] = [];

  const fleet: Fleet = {
    ...{ stack, nodes: stack.nodes, pool, history, accountId, nodesToRedis, receiver, chain },
    dataDirectory: (node) => node.options.environment['DATA_DIR'] ?? '',
    redis: {
      url: redis.url,
      kill: () => redis.process.kill(),
      async start() {
        redis = await startOwnRedis(redis.port);
      },
      freeze: () => redis.process.signal('SIGSTOP'),
      thaw: () => redis.process.signal('SIGCONT'),
    },
    postgres: {
      /** As `pg_ctl -m immediate`. */
      async kill() {
        process.kill(postmaster(), 'SIGQUIT');
        await server.process.ended;
      },
      async start() {
        server = await startPostgres({ ...place, port: server.port });
      },
      async freeze() {
        const { rows } = await pool.query<{ pid: number }>('SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
        frozen = [postmaster(), ...rows.map((row) => row.pid)];
        for (const pid of frozen) process.kill(pid, 'SIGSTOP');
      },
      thaw() {
        for (const pid of frozen) process.kill(pid, 'SIGCONT');
      },
    },
    async setKeyLimit(requestsPerMinute) {
      await setLimit(pool, requestsPerMinute);
    },
    altered(node, change) {
      const { environment = {}, extraFlags = [] } = change;
      const altered = new Program({ ...node.options, environment: { ...node.options.environment, ...environment }, extraFlags });
      afterFile(() => altered.stop());
      return altered;
    },
    async setBalance(amount) {
      const { rows } = await pool.query('SELECT available FROM wallet WHERE account_id = $1', [accountId]);
      await adjust(pool, accountId, amount - BigInt(rows[0]?.available ?? 0));
    },
    async returnLeases() {
      await Promise.all(stack.nodes.map((node) => node.stop()));
      await Promise.all(stack.nodes.map((node) => node.start()));
    },
    async rest(options = {}) {
      const lost = new Set(options.lostDisks ?? []);
      const owed = history.views.filter((view) => !lost.has(view.node));
      await until(async () => (await unsettled(owed, pool)) === 0, 30_000, 'everything served has settled');
      await until(
        async () => (await Promise.all(stack.nodes.map(unshipped))).every((events) => events === 0),
        30_000,
        'every spool is shipped',
      );
      await assertMoneyInvariants(pool, { quiet: true, ...options });
      expect(await checkHistory(history.views, pool, options)).toEqual([]);
    },
  };
  return fleet;

  function postmaster(): number {
    return Number(readFileSync(join(place.directory, 'postmaster.pid'), 'utf8').split('\n')[0]);
  }
}

/** Of every key. Returns their account. */
async function setLimit(pool: pg.Pool, requestsPerMinute: number): Promise<string> {
  const client = await pool.connect();
  await client.query('BEGIN');
  const { rows } = await client.query<{ id: string; account_id: string }>('SELECT id, account_id FROM api_key ORDER BY created_at, id');
  await client.query('UPDATE api_key SET requests_per_minute = $1, tokens_per_minute = $2', [requestsPerMinute, NO_LIMIT]);
  const touched = rows.map((row) => ({ kind: 'key', subjectType: 'api_key', subjectId: row.id }));
  await client.query('SELECT touch_config($1, NULL)', [JSON.stringify(touched)]);
  await client.query('COMMIT');
  client.release();
  return rows[0]?.account_id ?? '';
}

async function startChainWithToken(): Promise<LocalChain & { readonly token: Hex }> {
  const chain = await startLocalChain();
  return { ...chain, token: await chain.deployToken() };
}

function chainAccess({ rpcUrl, token }: { readonly rpcUrl: string; readonly token: string }): Record<string, string> {
  const xpub = HDKey.fromMasterSeed(Buffer.alloc(32, 7)).derive("m/44'/60'/0'").publicExtendedKey;
  return { USDT_ETHEREUM_RPC_URL: rpcUrl, USDT_ETHEREUM_CONTRACT: token, USDT_ETHEREUM_XPUB: xpub };
}

async function adjust(pool: pg.Pool, accountId: string, amount: bigint): Promise<void> {
  if (amount === 0n) return;
  const client = await pool.connect();
  await client.query('BEGIN');
  await adjustAccount(client, { accountId, amount, refType: 'chaos', refId: randomUUID(), reason: 'Chaos' });
  await client.query('COMMIT');
  client.release();
}

async function hasNoLimit(stack: BuiltStack): Promise<boolean> {
  return (await Promise.all(stack.nodes.map((node) => limitOn(node, stack.apiKey)))).every((limit) => limit >= NO_LIMIT);
}

/** What a node says of the key's limit: 0 when it does not answer. */
export async function limitOn(node: Program, apiKey: string): Promise<number> {
  const body = JSON.stringify({ model: 'gpt-4o-mini', max_tokens: 16, messages: [{ role: 'user', content: 'ready?' }] });
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(LIMIT_ANSWER_MS);
  const response = await fetch(`${node.url}/v1/chat/completions`, { method: 'POST', headers, body, signal });
  await response.text();
  return Number(response.headers.get('x-ratelimit-limit-requests'));
}

/** Settlements of a node that the ledger has not acknowledged. */
async function unshipped(node: Program): Promise<number> {
  const text = await (await fetch(`${node.url}/metrics`)).text();
  return Number(/^modelapi_spool_unacknowledged\S* (\d+)/m.exec(text)?.[1] ?? 1);
}

export async function until(probe: () => Promise<boolean> | boolean, timeoutMs: number, what: string): Promise<number> {
  const startedAt = Date.now();
  while (!(await Promise.resolve(probe()).catch(() => false))) {
    if (Date.now() - startedAt > timeoutMs) throw new Error(`within ${timeoutMs} ms not true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return Date.now() - startedAt;
}
