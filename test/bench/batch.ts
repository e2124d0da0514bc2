/**
 * `npm run bench:batch [-- --rounds=3] [--json=file]`: batches against a sandbox vendor that takes 50 ms, over the whole product.
 *
 * - submission: 1,000 items of 2 KB, until the 202;
 * - run: 1,000 items, 64 at once, from the 202 to the last answer stored, against what 64 hands at 50 ms would need;
 * - queue: processor time of the control plane for an item, less what the same call costs it when made interactively (leases, settlement);
 * - neighbour: interactive p99 at a fixed rate, while 100 batches run and while none does, in turns.
 * PostgreSQL, Redis, vendor, load and both planes share the machine: the load average stands beside the figures. Exits with 1 when a gate is missed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { type BenchStack, startBenchStack } from './bench-stack.js';
import { LoadGenerator, quantile } from './load-generator.js';
import { processorMicros } from './process-usage.js';

const ITEMS = 1_000;
const AT_ONCE = 64;
const VENDOR_MS = 50;
const IDEAL_MS = Math.ceil(ITEMS / AT_ONCE) * VENDOR_MS;
const ITEM_BYTES = 2_048;
const PACED_PER_SECOND = 100;
const PACED_SECONDS = 8;
const NEIGHBOURS = 100;
/** So that 100 batches outlast the window: their 64 places are taken all the time, and the processor is not. */
const NEIGHBOUR_ITEMS = 50;
const NEIGHBOUR_VENDOR_MS = 500;
const GATES = { submitMs: 300, runRatio: 1.5, queueMicros: 1_000, neighbourRatio: 1.1 };

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, json: { type: 'string', default: '.data/bench-batch.json' } },
});
const rounds = Number(options.rounds);

interface Round {
  readonly submitMs: number;
  readonly runMs: number;
  /** Until the first answer was stored. */
  readonly firstMs: number;
  readonly controlMicros: number;
  readonly nodeMicros: number;
}

interface Submitted {
  readonly pollUrl: string;
  /** When the 202 had come. */
  readonly acceptedAtMs: number;
  readonly tookMs: number;
}

class BatchBench {
  readonly #database: pg.Client;

  constructor(
    private readonly bench: BenchStack,
    private readonly key: string,
  ) {
    this.#database = new pg.Client({ connectionString: bench.stack.addresses.databaseUrl });
  }

  async open(): Promise<void> {
    await this.#database.connect();
  }

  async close(): Promise<void> {
    await this.#database.end();
  }

  async submit(count: number, script: string, bytes: number): Promise<Submitted> {
    const requests = Array.from({ length: count }, (_item, index) => ({ custom_id: `item_${index}`, ...itemBody(script, bytes) }));
    const body = JSON.stringify({ requests });
    const began = performance.now();
    const response = await fetch(`${this.bench.stack.gateway}/v1/batch`, { method: 'POST', headers: this.#headers(), body });
    const answer = (await response.json()) as { readonly poll_url: string };
    const tookMs = performance.now() - began;
    if (response.status !== 202) throw new Error(`a batch was not taken: ${response.status} ${JSON.stringify(answer).slice(0, 300)}`);
    return { pollUrl: answer.poll_url, acceptedAtMs: Date.now(), tookMs };
  }

  /** Milliseconds from the 202 until the first and the last answer was stored; PostgreSQL runs on this machine. */
  async waitForEnd({ pollUrl, acceptedAtMs }: Submitted): Promise<{ readonly firstMs: number; readonly lastMs: number }> {
    const id = pollUrl.replace('/v1/batch/batch_', '').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    for (;;) {
      const { rows } = await this.#database.query<{ firstMs: number; lastMs: number }>(
        `SELECT (extract(epoch FROM finished_at) * 1000)::float - $2 AS "lastMs",
           (extract(epoch FROM (SELECT min(finished_at) FROM batch_item WHERE batch_id = batch.id)) * 1000)::float - $2 AS "firstMs"
         FROM batch WHERE id = $1 AND finished_at IS NOT NULL`,
        [id, acceptedAtMs],
      );
      if (rows[0]) return rows[0];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async measureRound(): Promise<Round> {
    const control = this.bench.stack.control.process.pid ?? 0;
    const node = this.bench.stack.nodes[0]?.process.pid ?? 0;
    const submitted = await this.submit(ITEMS, `bench-1k~latency=${VENDOR_MS}`, ITEM_BYTES);
    const before = { control: processorMicros(control), node: processorMicros(node) };
    const { firstMs, lastMs: runMs } = await this.waitForEnd(submitted);
    await settled();
    return {
      submitMs: submitted.tookMs,
      runMs,
      firstMs,
      controlMicros: (processorMicros(control) - before.control) / ITEMS,
      nodeMicros: (processorMicros(node) - before.node) / ITEMS,
    };
  }

  /** What the same calls cost the control plane when they come one by one. */
  async measureInteractive(): Promise<number> {
    const control = this.bench.stack.control.process.pid ?? 0;
    const load = this.#load(`bench-1k~latency=${VENDOR_MS}`, AT_ONCE);
    const before = processorMicros(control);
    const { requests } = await load.saturate(3);
    await settled();
    load.close();
    return (processorMicros(control) - before) / requests;
  }

  /** p99 in milliseconds at a fixed rate. */
  async pace(): Promise<number> {
    const load = this.#load('bench-1k', AT_ONCE);
    const { latencies } = await load.pace(PACED_PER_SECOND, PACED_SECONDS);
    load.close();
    return quantile(latencies, 0.99);
  }

  async measureNeighbour(): Promise<{ readonly aloneMs: number; readonly besideMs: number }> {
    const before = await this.pace();
    const running = [];
    for (let count = 0; count < NEIGHBOURS; count++)
      running.push(await this.submit(NEIGHBOUR_ITEMS, `bench-1k~latency=${NEIGHBOUR_VENDOR_MS}`, ITEM_BYTES));
    const besideMs = await this.pace();
    await Promise.all(running.map(({ pollUrl }) => this.#cancel(pollUrl)));
    for (const submitted of running) await this.waitForEnd(submitted);
    await settled();
    return { aloneMs: Math.max(before, await this.pace()), besideMs };
  }

  async #cancel(pollUrl: string): Promise<void> {
    const response = await fetch(`${this.bench.stack.gateway}${pollUrl}/cancel`, { method: 'POST', headers: this.#headers(), body: '{}' });
    await response.text();
  }

  #load(script: string, connections: number): LoadGenerator {
    const { hostname, port } = new URL(this.bench.stack.gateway);
    const target = { host: hostname, port: Number(port), path: '/v1/chat/completions', key: this.key };
    return new LoadGenerator(target, JSON.stringify(itemBody(script, ITEM_BYTES)), connections);
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' };
  }
}

function itemBody(script: string, bytes: number): object {
  const content = `[[${script}]] ${'The quick brown fox jumps over the lazy dog. '.repeat(Math.ceil(bytes / 45))}`.slice(0, bytes - 150);
  return { model: 'gpt-4o-mini', max_tokens: 100, messages: [{ role: 'user', content }] };
}

/** Until the last settlement is in the ledger. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2_000));
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function main(): Promise<void> {
  process.stdout.write('starting PostgreSQL, Redis and the stack\n');
  const stack = await startBenchStack();
  const bench = new BatchBench(stack, stack.stack.apiKey);
  try {
    await bench.open();
    await bench.measureRound();
    await bench.measureInteractive();
    const measured: (Round & { readonly interactiveMicros: number; readonly load: number })[] = [];
    for (let round = 0; round < rounds; round++) {
      measured.push({ ...(await bench.measureRound()), interactiveMicros: await bench.measureInteractive(), load: loadavg()[0] ?? 0 });
      process.stdout.write(`round ${round + 1} of ${rounds}: ${JSON.stringify(measured.at(-1))}\n`);
    }
    const neighbours = [];
    for (let round = 0; round < rounds; round++) neighbours.push(await bench.measureNeighbour());
    const of = (pick: (round: (typeof measured)[number]) => number) => median(measured.map(pick));
    const figures = [
      { name: '202 for 1,000 items of 2 KB, ms', value: of((round) => round.submitMs), gate: GATES.submitMs },
      {
        name: `1,000 items at ${VENDOR_MS} ms, over the ideal ${IDEAL_MS} ms`,
        value: of((round) => round.runMs) / IDEAL_MS,
        gate: GATES.runRatio,
      },
      {
        name: 'queue: control plane CPU us / item above an interactive call',
        value: of((round) => round.controlMicros - round.interactiveMicros),
        gate: GATES.queueMicros,
      },
      {
        name: 'interactive p99 beside 100 batches, over alone',
        value: median(neighbours.map((one) => one.besideMs / one.aloneMs)),
        gate: GATES.neighbourRatio,
      },
    ];
    for (const { name, value, gate } of figures)
      process.stdout.write(`${value <= gate ? 'met   ' : 'missed'} ${name}: ${value.toFixed(2)} (gate ${gate})\n`);
    const aside = {
      controlMicros: of((round) => round.controlMicros),
      nodeMicros: of((round) => round.nodeMicros),
      neighbours,
      loadAverage: loadavg(),
    };
    process.stdout.write(`aside: ${JSON.stringify(aside)}\n`);
    mkdirSync(dirname(options.json), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify({ at: new Date().toISOString(), figures, measured, ...aside }, null, 2)}\n`);
    process.exitCode = figures.every(({ value, gate }) => value <= gate) ? 0 : 1;
  } finally {
    await bench.close();
    await stack.stop();
  }
}

await main();
