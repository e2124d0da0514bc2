/**
 * `npm run bench [-- --quick] [--rounds=5] [--rate=500] [--json=file] [--url=http://host:port --pid=n --key=k --model=m --name=peer]`
 *
 * One interleaved run of the sandbox vendor alone, the bare pass-through, the gateway, and any other OpenAI-compatible gateway given by
 * URL and process id. Processor time comes from the operating system's own accounting; ratios are of the same round, because the machine
 * is not quiet. The measured process has a processor of its own where the system allows; load, vendor, PostgreSQL, Redis and control
 * plane share the others, so requests a second say more of those than of the gateway. Exits with 1 when a gate is missed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { type BenchRound, renderSummary, summarize } from './bench-report.js';
import { type BenchStack, startBenchStack } from './bench-stack.js';
import { LoadGenerator, type LoadTarget } from './load-generator.js';
import { pin, processorPlan, residentMegabytes } from './process-usage.js';
import { type BenchTarget, FULL, measureCpu, measureRound, QUICK, requestBody } from './scenarios.js';

const MODEL = 'gpt-4o-mini';
/** Until the compiler has seen what is hot, but not for ever on a busy machine. */
const WARM_UP_REQUESTS = 8_000;
const WARM_UP_SLICE_SECONDS = 1;
const WARM_UP_SLICES = 15;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    rate: { type: 'string' },
    json: { type: 'string', default: '.data/bench.json' },
    url: { type: 'string' },
    pid: { type: 'string' },
    key: { type: 'string', default: 'none' },
    model: { type: 'string', default: MODEL },
    name: { type: 'string', default: 'peer' },
  },
});
const durations = options.quick ? QUICK : FULL;
const roundCount = Number(options.rounds ?? (options.quick ? 2 : 5));
const rate = Number(options.rate ?? 500);

function targetOf(url: string, key: string): LoadTarget {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port), path: '/v1/chat/completions', key };
}

function targetsOf(bench: BenchStack): BenchTarget[] {
  const { stack } = bench;
  const targets: BenchTarget[] = [
    { name: 'vendor', target: targetOf(stack.sandbox.url, 'sk-bench'), model: MODEL, pid: undefined },
    { name: 'bare', target: targetOf(bench.bareUrl, 'sk-bench'), model: MODEL, pid: bench.bare.pid },
    { name: 'gateway', target: targetOf(stack.gateway, stack.apiKey), model: MODEL, pid: stack.nodes[0]?.process.pid },
  ];
  if (options.url === undefined) return targets;
  const pid = options.pid === undefined ? undefined : Number(options.pid);
  return [...targets, { name: options.name, target: targetOf(options.url, options.key), model: options.model, pid }];
}

async function warmUp(targets: readonly BenchTarget[]): Promise<void> {
  for (const { name, target, model } of targets) {
    const load = new LoadGenerator(target, requestBody(model, 'bench-1k', 2, false), 64);
    let warmed = 0;
    for (let slice = 0; slice < WARM_UP_SLICES && warmed < WARM_UP_REQUESTS; slice++) {
      const { requests, failures } = await load.saturate(WARM_UP_SLICE_SECONDS);
      if (requests === 0 || failures > 0)
        throw new Error(`${name} answered ${requests} requests and failed ${failures}: nothing to measure`);
      warmed += requests;
    }
    load.close();
  }
}

async function measureRounds(bench: BenchStack, targets: readonly BenchTarget[]): Promise<BenchRound[]> {
  const gateway = targets.find(({ name }) => name === 'gateway');
  if (!gateway) throw new Error('no gateway to measure');
  const testKey = { ...gateway, target: { ...gateway.target, key: bench.stack.testKey } };
  const rounds: BenchRound[] = [];
  for (let round = 1; round <= roundCount; round++) {
    const figures: Record<string, BenchRound['targets'][string]> = {};
    // Every second round runs backwards: nobody always comes after the same neighbour.
    for (const target of round % 2 === 0 ? targets.toReversed() : targets)
      figures[target.name] = await measureRound(target, durations, rate);
    const autoCpu = await measureCpu({ ...gateway, model: 'auto' }, durations.saturate);
    const testKeyCpu = await measureCpu(testKey, durations.saturate);
    rounds.push({ targets: Object.fromEntries(targets.map(({ name }) => [name, figures[name] ?? {}])), autoCpu, testKeyCpu });
    process.stdout.write(`round ${round} of ${roundCount} done\n`);
  }
  return rounds;
}

async function redisCommands(redis: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1] ?? Number.NaN);
}

/** Commands of the whole stack over requests, under load. */
async function measureRedis(redis: Redis, gateway: BenchTarget): Promise<{ perRequest: number; requests: number }> {
  const load = new LoadGenerator(gateway.target, requestBody(gateway.model, 'bench-1k', 2, false), 64);
  const before = await redisCommands(redis);
  const { requests } = await load.saturate(durations.saturate);
  load.close();
  return { perRequest: ((await redisCommands(redis)) - before) / requests, requests };
}

async function main(): Promise<void> {
  const plan = processorPlan();
  // Before anything starts: what is started later inherits it.
  const pinned = plan !== undefined && pin(process.pid, plan.others);
  process.stdout.write('starting PostgreSQL, Redis, the stack and the bare pass-through\n');
  const bench = await startBenchStack();
  const redis = new Redis(bench.redisUrl);
  try {
    const targets = targetsOf(bench);
    if (pinned) for (const { pid } of targets) if (pid !== undefined) pin(pid, plan.measured);
    const gateway = targets.find(({ name }) => name === 'gateway');
    // `auto` runs code that a plain model does not.
    await warmUp(gateway ? [...targets, { ...gateway, model: 'auto' }] : targets);
    const pid = gateway?.pid;
    if (!gateway || pid === undefined) throw new Error('the gateway has no process');
    const beforeMegabytes = residentMegabytes(pid);
    const rounds = await measureRounds(bench, targets);
    const commands = await measureRedis(redis, gateway);
    const requests = rounds.reduce(
      (total, round) => total + (round.targets['gateway']?.requestsPerSecond ?? 0) * durations.saturate,
      commands.requests,
    );
    const summary = summarize(rounds, {
      redisCommandsPerRequest: commands.perRequest,
      memory: { beforeMegabytes, afterMegabytes: residentMegabytes(pid), requests: Math.round(requests) },
      pinned,
    });
    process.stdout.write(`\n${renderSummary(summary)}\n`);
    mkdirSync(dirname(options.json), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify({ at: new Date().toISOString(), rate, ...summary }, null, 2)}\n`);
    process.stdout.write(`figures of every round: ${options.json}\n`);
    process.exitCode = summary.gates.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    redis.disconnect();
    await bench.stop();
  }
}

await main();
