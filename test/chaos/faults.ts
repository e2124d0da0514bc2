/**
 * The fault list of faults.md, as far as it concerns money and serving: each takes a running fleet, breaks it, and says what must hold.
 * `fleet.rest` afterwards checks every invariant and what each customer saw.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { NANO_PER_USD } from '../../shared/money.js';
import { redisKeys } from '../../shared/redis-keys.js';
import { order, traffic } from './customer.js';
import { CUSTOMERS, type Fault, failures, first, metric, pause, percentile, settlementOf } from './fault.js';
import { type Fleet, until } from './fleet.js';

/** Some five hundred tokens of the model that is asked: seconds of its stream, also on a machine that is at work. */
const FUNDS = 300_000n;

export const SERVING_FAULTS: readonly Fault[] = [
  {
    number: '1',
    name: 'node killed mid-stream: one settlement for what was delivered, its leases back within 5 s of the restart',
    short: true,
    async run(fleet) {
      const { apiKey } = fleet.stack;
      const node = first(fleet);
      const paceMs = 200;
      let textBytes = 0;
      const streaming = order(fleet.history, {
        ...{ node, apiKey, stream: true, maxTokens: 500, script: `pace=${paceMs} words=200` },
        onText: (bytes) => {
          textBytes = bytes;
        },
      });
      await until(() => textBytes > 30, 10_000, 'text arrives');
      const epoch = await epochOf(fleet, node.name);
      await node.kill();
      const view = await streaming;
      expect(view.finished).toBe(false);
      const restarted = node.start();
      await restarted;
      const backMs = await until(
        async () => (await openLeases(fleet, node.name, epoch)) === 0,
        5_000,
        'leases of the killed process are back',
      );
      expect(backMs).toBeLessThan(5_000);
      await until(async () => (await settlementOf(fleet, view.requestId)) !== undefined, 10_000, 'it settled');
      const settled = await settlementOf(fleet, view.requestId);
      expect(settled?.reason).toBe('node_crash');
      const delivered = view.textBytes / 4;
      expect(settled?.output).toBeLessThanOrEqual(delivered + 4);
      expect(settled?.output).toBeGreaterThanOrEqual(delivered - 8);
    },
  },
  {
    number: '2',
    name: "node's disk lost: no customer is overcharged, the loss is bounded by its open leases",
    short: false,
    async run(fleet) {
      const node = first(fleet);
      const load = traffic(fleet.history, fleet.stack.apiKey, () => fleet.nodes, CUSTOMERS);
      await pause(1_500);
      await node.kill();
      const maxPlatformLoss = await leasedBy(fleet, node.name);
      rmSync(join(fleet.dataDirectory(node), 'spool'), { recursive: true });
      await node.start();
      await pause(1_500);
      await load.stop();
      return { lostDisks: [node.name], maxPlatformLoss };
    },
  },
  {
    number: '3',
    name: 'Redis killed and flushed under load: no request fails, no settlement is lost',
    short: true,
    async run(fleet) {
      const load = traffic(fleet.history, fleet.stack.apiKey, () => fleet.nodes, CUSTOMERS);
      await pause(800);
      await fleet.redis.kill();
      await pause(1_500);
      await fleet.redis.start();
      await pause(1_500);
      const redis = new Redis(fleet.redis.url);
      await redis.flushall();
      redis.disconnect();
      await pause(1_000);
      await load.stop();
      expect(failures(fleet)).toEqual([]);
    },
  },
  {
    number: '4',
    name: 'Redis hangs: no request waits for it or fails',
    short: false,
    async run(fleet) {
      const load = traffic(fleet.history, fleet.stack.apiKey, () => fleet.nodes, CUSTOMERS);
      await pause(1_500);
      const before = fleet.history.views.length;
      fleet.redis.freeze();
      try {
        await pause(10_000);
      } finally {
        fleet.redis.thaw();
      }
      const during = fleet.history.views.length;
      await load.stop();
      expect(failures(fleet)).toEqual([]);
      const slow = (from: number, to: number) =>
        percentile(
          fleet.history.views.slice(from, to).filter((view) => !view.stream),
          0.5,
        );
      // The machine is shared: the median tells what Redis adds, the tail tells who else is at work.
      expect(slow(before, during) - slow(0, before)).toBeLessThan(25);
    },
  },
  {
    number: '7',
    name: 'PostgreSQL stopped hard and started again: nodes serve on their leases, nothing committed is lost, never 401 or 402',
    short: true,
    async run(fleet) {
      const load = traffic(fleet.history, fleet.stack.apiKey, () => fleet.nodes, CUSTOMERS);
      await pause(1_500);
      const before = fleet.history.served.length;
      await fleet.postgres.kill();
      await pause(3_000);
      expect(fleet.history.served.length).toBeGreaterThan(before);
      await fleet.postgres.start();
      await pause(2_000);
      await load.stop();
      expect(fleet.history.views.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    },
  },
  {
    number: '7b',
    name: 'PostgreSQL hangs: nodes serve on their leases, then say 503, and recover by themselves',
    short: false,
    async run(fleet) {
      const load = traffic(fleet.history, fleet.stack.apiKey, () => fleet.nodes, CUSTOMERS);
      await pause(1_500);
      const before = fleet.history.served.length;
      await fleet.postgres.freeze();
      try {
        await pause(8_000);
        expect(fleet.history.served.length).toBeGreaterThan(before);
      } finally {
        fleet.postgres.thaw();
      }
      await pause(3_000);
      await load.stop();
      expect(fleet.history.views.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    },
  },
  {
    number: '8',
    name: 'control plane down, a node restarts: it serves again from its disk, on the leases that it had',
    short: false,
    async run(fleet) {
      const { apiKey } = fleet.stack;
      const node = first(fleet);
      await order(fleet.history, { node, apiKey, maxTokens: 20 });
      await fleet.stack.control.kill();
      await node.kill();
      await node.start();
      const view = await order(fleet.history, { node, apiKey, maxTokens: 20 });
      expect(view).toMatchObject({ status: 200, finished: true });
      await fleet.stack.control.start();
    },
  },
  {
    number: '9',
    name: 'consumer killed while it settles; batches delivered again, many times and out of order: one settlement each',
    short: false,
    async run(fleet) {
      const redis = new Redis(fleet.redis.url);
      const { usageStream } = redisKeys('chaos');
      const load = traffic(fleet.history, fleet.stack.apiKey, () => fleet.nodes, CUSTOMERS);
      const copies: string[] = [];
      for (let round = 0; round < 40; round++) {
        await pause(100);
        for (const [, fields] of await redis.xrange(usageStream, '-', '+')) if (fields[1] !== undefined) copies.push(fields[1]);
        if (round === 15) {
          await fleet.stack.control.kill();
          await fleet.stack.control.start();
        }
      }
      await load.stop();
      expect(copies.length).toBeGreaterThan(0);
      for (let again = 0; again < 100; again++) {
        const copy = copies[(again * 7) % copies.length];
        if (copy !== undefined) await redis.xadd(usageStream, '*', 'batch', copy);
      }
      await until(async () => (await redis.xlen(usageStream)) === 0, 20_000, 'the consumer has taken all').catch(() => undefined);
      redis.disconnect();
    },
  },
  {
    number: '10',
    name: 'client leaves at every position of a stream: the vendor is told at once, delivered output is billed, the hold is gone',
    short: false,
    async run(fleet) {
      const node = first(fleet);
      const { apiKey, sandbox } = fleet.stack;
      await fetch(`${sandbox.url}/__sandbox/requests`, { method: 'DELETE' });
      for (let leaveAfterBytes = 1; leaveAfterBytes < 6_000; leaveAfterBytes += 300)
        await order(fleet.history, { node, apiKey, stream: true, maxTokens: 200, script: 'pace=10 words=40', leaveAfterBytes });
      const left = fleet.history.views.filter((view) => !view.finished && view.status === 200);
      expect(left.length).toBeGreaterThan(10);
      for (const view of left) {
        await until(async () => (await settlementOf(fleet, view.requestId)) !== undefined, 10_000, 'it settled');
        expect((await settlementOf(fleet, view.requestId))?.reason).toBe('client_closed');
      }
      await until(async () => Number(await metric(node.url, 'modelapi_open_requests')) === 0, 2_000, 'no request is open').catch(
        () => undefined,
      );
    },
  },
  {
    number: '11',
    name: '200 parallel requests on a balance for 10, over all nodes: exactly 10 are admitted',
    short: true,
    async run(fleet) {
      const { apiKey } = fleet.stack;
      await fleet.returnLeases();
      await fleet.setBalance(1n);
      const needed = await priceOfHold(fleet);
      await fleet.setBalance(needed * 10n + needed / 2n);
      try {
        const views = await Promise.all(
          Array.from({ length: 200 }, (_, index) => {
            const node = fleet.nodes[index % fleet.nodes.length] ?? first(fleet);
            return order(fleet.history, { node, apiKey, maxTokens: 100, script: 'words=2000 latency=3000' });
          }),
        );
        const statuses = Object.groupBy(views, (view) => String(view.status));
        expect(Object.fromEntries(Object.entries(statuses).map(([status, list]) => [status, list?.length]))).toEqual({ 200: 10, 402: 190 });
      } finally {
        await fleet.setBalance(100n * NANO_PER_USD);
      }
    },
  },
  {
    number: '11b',
    name: 'the funds end in the middle of a stream without max_tokens: it finishes with length, all that was there is charged',
    short: true,
    async run(fleet) {
      const node = first(fleet);
      const { apiKey } = fleet.stack;
      await fleet.returnLeases();
      await fleet.setBalance(FUNDS);
      try {
        const view = await order(fleet.history, { node, apiKey, stream: true, script: 'pace=5 words=8000' });
        expect(view).toMatchObject({ status: 200, finished: true, finishReason: 'length' });
        await until(async () => (await settlementOf(fleet, view.requestId)) !== undefined, 30_000, 'it settled');
        const settled = await settlementOf(fleet, view.requestId);
        expect(settled?.reason).toBe('funds_ended');
        expect(settled?.charge).toBeGreaterThan((FUNDS * 9n) / 10n);
        expect(settled?.charge).toBeLessThanOrEqual(FUNDS);
      } finally {
        await fleet.setBalance(100n * NANO_PER_USD);
      }
      // The last frame may pass the end of the funds: a few tokens of the estimator's.
      return { maxPlatformLoss: 6_000n };
    },
  },
  {
    number: '12',
    name: 'a vendor that fails in every way: the settlement table, never an unbounded or negative charge',
    short: false,
    async run(fleet) {
      const node = first(fleet);
      const { apiKey } = fleet.stack;
      const scripts = [
        '429',
        '500',
        '529',
        'empty',
        'malformed',
        'html',
        'error-200',
        'reset',
        'no-usage',
        'usage-twice',
        'usage-negative',
        'usage-mismatch',
      ];
      for (const script of [...scripts, 'error-mid=3', 'end-mid=3', 'malformed-mid=3', 'cut=400']) {
        for (const stream of [true, false])
          await order(fleet.history, { node, apiKey, stream, maxTokens: 200, script: `${script} words=40` });
      }
      await pause(1_000);
      const { rows } = await fleet.pool.query('SELECT request_id, charge, actual FROM settlement WHERE charge < 0 OR charge > 1000000000');
      expect(rows).toEqual([]);
    },
  },
];

/** Of the process that runs now: it was granted the newest lease. */
async function epochOf(fleet: Fleet, nodeId: string): Promise<string> {
  const { rows } = await fleet.pool.query<{ node_epoch: string }>(
    'SELECT node_epoch FROM lease WHERE node_id = $1 ORDER BY granted_at DESC LIMIT 1',
    [nodeId],
  );
  return rows[0]?.node_epoch ?? '0';
}

async function openLeases(fleet: Fleet, nodeId: string, epoch: string): Promise<number> {
  const open = "SELECT id FROM lease WHERE node_id = $1 AND node_epoch = $2 AND state = 'open'";
  return (await fleet.pool.query(open, [nodeId, epoch])).rows.length;
}

/** All that a node could still spend: what a lost disk may cost. */
async function leasedBy(fleet: Fleet, nodeId: string): Promise<bigint> {
  const { rows } = await fleet.pool.query<{ sum: string | null }>(
    "SELECT sum(granted - consumed) FROM lease WHERE node_id = $1 AND state = 'open'",
    [nodeId],
  );
  return BigInt(rows[0]?.sum ?? 0);
}

/** What one request of fault 11 sets aside: the refusal of an empty wallet says it. */
async function priceOfHold(fleet: Fleet): Promise<bigint> {
  const response = await fetch(`${first(fleet).url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${fleet.stack.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model: 'gpt-4o-mini', max_tokens: 100 },
      messages: [{ role: 'user', content: 'Tell me something. [[sandbox words=2000 latency=3000]]' }],
    }),
  });
  const { error } = (await response.json()) as { error: { needed_usd: string } };
  return BigInt(Math.round(Number(error.needed_usd) * 1e9));
}
