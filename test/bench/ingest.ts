/**
 * Settlements per second into a durable PostgreSQL, and how long a grant takes meanwhile.
 *
 *   node dist/test/bench/ingest.js [events [words of the scenarios to run]]
 *
 * Events are JSON texts of batches, as Redis hands them over: parsing, checking, recomputing and hashing are inside the figure.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../control-plane/db/migrate.js';
import { newId } from '../../control-plane/db/new-id.js';
import { creditPayment } from '../../control-plane/modules/billing/credit-account.js';
import { inTransaction } from '../../control-plane/modules/billing/transaction.js';
import { answerLeaseCall } from '../../control-plane/workers/grant-leases.js';
import { UsageSettler } from '../../control-plane/workers/ingest-usage-settle.js';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { startPostgres } from '../../local/services/postgres.js';
import type { UsageBatch } from '../../shared/usage-event.js';
import { type Customer, createCustomer, createPrice, grant, type Node, usageEvent } from '../control-plane/billing/money-fixture.js';
import { assertMoneyInvariants } from '../support/invariants.js';

const USD = 1_000_000_000n;
const EVENTS = Number(process.argv[2] ?? 50_000);
const WANTED = process.argv.slice(3).join(' ');
const GROUP = 500;
const NODES = 4;
/** Linux counts in hundredths of a second. */
const TICK_US = 10_000;

interface Scenario {
  readonly name: string;
  readonly accounts: number;
  readonly grants: boolean;
  /** Settlements a second that are offered; absent is as many as it takes. */
  readonly perSecond?: number;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'one hot wallet', accounts: 1, grants: false },
  { name: '20 wallets', accounts: 20, grants: false },
  { name: '1,000 wallets', accounts: 1_000, grants: false },
  { name: 'one hot wallet, grants beside', accounts: 1, grants: true },
  { name: 'grants beside 4,000 settlements/s', accounts: 20, grants: true, perSecond: 4_000 },
];

const folder = mkdtempSync(join(tmpdir(), 'modelapi-bench-'));
// PostgreSQL's own user must be able to enter.
chmodSync(folder, 0o755);
const port = await findAnyFreePort();
const server = await startPostgres({
  directory: join(folder, 'postgres'),
  port,
  password: 'bench',
  durable: true,
  logFile: join(folder, 'log'),
});
try {
  await query(server.url, 'CREATE DATABASE bench');
  const url = server.databaseUrl('bench');
  await migrate(url, new URL('../../../migrations', import.meta.url).pathname);
  const pool = new pg.Pool({ connectionString: url, max: 10, idleTimeoutMillis: 0 });
  pool.on('error', () => undefined);
  for (const scenario of SCENARIOS) if (scenario.name.includes(WANTED)) await run(pool, scenario);
  await assertMoneyInvariants(pool, { quiet: true, maxPlatformLoss: 0n });
  await pool.end();
} finally {
  await server.process.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function run(pool: pg.Pool, scenario: Scenario): Promise<void> {
  const groups = await makeGroups(pool, scenario);
  const settler = new UsageSettler(pool);
  const grants = scenario.grants ? measureGrants(pool) : undefined;
  const before = await readPostgresCpu(pool);
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const [odd, even] = [groups.filter((_, index) => index % 2 === 1), groups.filter((_, index) => index % 2 === 0)];
  const everyMs = scenario.perSecond === undefined ? 0 : (2 * GROUP * 1_000) / scenario.perSecond;
  await Promise.all([odd, even].map((half) => settleAll(settler, half, everyMs)));
  const seconds = (performance.now() - begin) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const count = groups.length * GROUP;
  const own = (user + system) / count;
  const theirs = Math.max(0, (await readPostgresCpu(pool)) - before) / count;
  // What two cores would do that nobody else uses: the rate itself says who else was at work.
  const alone = Math.round(2e6 / (own + theirs));
  const cost = `CPU us each: ${own.toFixed(1)} here, ${theirs.toFixed(1)} in PostgreSQL (two cores to itself: ${alone}/s)`;
  const line = `${scenario.name}: ${Math.round(count / seconds)} settlements/s; ${cost}; load ${loadavg()[0]?.toFixed(1)}`;
  const waits = (await grants?.stop()) ?? [];
  const tail = waits.length > 0 ? `; ${waits.length} grants, p50 ${at(waits, 0.5)} ms, p99 ${at(waits, 0.99)} ms` : '';
  process.stdout.write(`${line}${tail}\n`);
}

async function settleAll(settler: UsageSettler, texts: readonly string[], everyMs: number): Promise<void> {
  const begin = performance.now();
  for (const [index, text] of texts.entries()) {
    const waitMs = begin + index * everyMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const { nodeId, epoch, events } = JSON.parse(text) as UsageBatch;
    await settler.settle(events.map((raw) => ({ nodeId, epoch, raw })));
  }
}

/** Batches of GROUP events; each node's own in order. */
async function makeGroups(pool: pg.Pool, scenario: Scenario): Promise<string[]> {
  const price = await createPrice(pool);
  const nodes = Array.from({ length: NODES }, (): Node & { sequence: number } => ({ id: newId(), epoch: 1, sequence: 0 }));
  const leases = await Promise.all(
    Array.from({ length: scenario.accounts }, async () => {
      const customer = await createCustomer(pool, 1_000_000n * USD);
      return { customer, byNode: new Map(await Promise.all(nodes.map((node) => openLease(pool, node, customer)))) };
    }),
  );
  return Array.from({ length: Math.ceil(EVENTS / GROUP) }, (_, index) => {
    const node = nodes[index % NODES];
    if (!node) throw new Error('no node');
    const events = Array.from({ length: GROUP }, () => {
      const lease = leases[Math.floor(Math.random() * leases.length)];
      if (!lease) throw new Error('no lease');
      node.sequence += 1;
      const attempt = {
        vendorId: 'sandbox',
        endpointId: 'sandbox/m',
        model: 'm',
        credential: 'house',
        outcome: 'ok',
        status: 200,
      } as const;
      const attempts = [{ ...attempt, durationMs: 412, firstTokenMs: 120 }];
      return usageEvent(node, node.sequence, lease.customer, lease.byNode.get(node.id) ?? null, price, { output: 37, attempts });
    });
    return JSON.stringify({ nodeId: node.id, epoch: 1, events });
  });
}

async function openLease(pool: pg.Pool, node: Node, customer: Customer): Promise<[string, string]> {
  const answer = await grant(pool, node, customer, 20n * USD);
  return [node.id, answer.leaseId];
}

function measureGrants(pool: pg.Pool): { stop(): Promise<number[]> } {
  let stopping = false;
  const waits: number[] = [];
  const loop = async () => {
    const customer = await createCustomer(pool, 0n);
    const credit = { accountId: customer.accountId, amount: 1_000n * USD, refType: 'payment', refId: newId(), reason: 'bench' };
    await inTransaction(pool, (client) => creditPayment(client, credit));
    while (!stopping) {
      const begin = performance.now();
      const request = { leaseId: newId(), ...customer, estimateNano: '1000', burnPerSecondNano: '0' };
      await answerLeaseCall(pool, { nodeId: 'bench', epoch: 1, grants: [request], renewals: [], releases: [] });
      waits.push(performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopping = true;
      await running;
      return waits.sort((left, right) => left - right);
    },
  };
}

/** Microseconds of all its processes, by the operating system's own accounting; 0 where there is no /proc. */
async function readPostgresCpu(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  return rows.reduce((total, { pid }) => {
    const file = `/proc/${pid}/stat`;
    if (!existsSync(file)) return total;
    const fields = readFileSync(file, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return total + (Number(fields[11]) + Number(fields[12])) * TICK_US;
  }, 0);
}

function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}
