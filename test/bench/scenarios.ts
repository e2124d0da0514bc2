/** What is measured of one target in one round. Every scenario is the same for all targets; times are in `Durations`. */
import { LoadGenerator, type LoadTarget, quantile } from './load-generator.js';
import { processorMicros, residentMegabytes } from './process-usage.js';

export interface BenchTarget {
  readonly name: string;
  readonly target: LoadTarget;
  readonly model: string;
  /** Undefined where only latency is of interest (the vendor itself). */
  readonly pid: number | undefined;
}

/** Seconds. */
export interface Durations {
  readonly saturate: number;
  readonly large: number;
  readonly single: number;
  readonly paced: number;
  readonly streams: number;
  readonly burst: number;
}

export const FULL: Durations = { saturate: 3, large: 2, single: 1.5, paced: 2, streams: 4, burst: 2 };
export const QUICK: Durations = { saturate: 1.2, large: 0.8, single: 0.6, paced: 0.8, streams: 1.5, burst: 0.8 };

/** Figures of one round; absent ones were not measured. */
export type Figures = Partial<Record<Figure, number>>;

export const FIGURES = {
  cpuPerRequest: 'CPU us / request, 2 KB',
  requestsPerSecond: 'requests / s, 2 KB',
  cpuPerLargeRequest: 'CPU us / request, 50 KB',
  singleP50: 'p50 ms, one connection',
  pacedP50: 'p50 ms at a fixed rate',
  pacedP99: 'p99 ms at a fixed rate',
  cpuPerFrame: 'CPU us / SSE frame, 200 streams at 20 ms',
  cpuPerBurstFrame: 'CPU us / SSE frame, unpaced',
  streamingMegabytes: 'MB resident at 200 streams',
  failures: 'failed requests',
} as const;
export type Figure = keyof typeof FIGURES;

const CONNECTIONS = 64;
/** 10 ms is the grain of processor time: this many requests make it less than a percent. */
const LEAST_REQUESTS = 2_000;
const LEAST_LARGE_REQUESTS = 600;
const LARGE_CONNECTIONS = 16;
const PACED_CONNECTIONS = 64;
const STREAMS = 200;
const STREAM_PACE_MS = 20;
const BURST_CONNECTIONS = 16;
const BURST_FRAMES = 500;
/** The streams open one after another; the window begins when all flow. */
const STREAM_SETTLE_MS = 1_500;

/** A request of about `kilobytes`, whose answer the sandbox knows by the mark in the prompt. */
export function requestBody(model: string, answer: string, kilobytes: number, stream: boolean): string {
  const filler = 'The quick brown fox jumps over the lazy dog and finds a short way home. '.repeat(Math.ceil((kilobytes * 1_024) / 72));
  const content = `[[${answer}]] ${filler}`.slice(0, Math.max(64, kilobytes * 1_024 - 160));
  return JSON.stringify({
    model,
    max_tokens: 1_024,
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    messages: [
      { role: 'system', content: 'You are a benchmark.' },
      { role: 'user', content },
    ],
  });
}

export async function measureRound(bench: BenchTarget, durations: Durations, ratePerSecond: number): Promise<Figures> {
  const small = requestBody(bench.model, 'bench-1k', 2, false);
  const single = await withLoad(bench, small, 1, (load) => load.saturate(durations.single));
  const paced = await withLoad(bench, small, PACED_CONNECTIONS, (load) => load.pace(ratePerSecond, durations.paced));
  const latency = {
    singleP50: quantile(single.latencies, 0.5),
    pacedP50: quantile(paced.latencies, 0.5),
    pacedP99: quantile(paced.latencies, 0.99),
    failures: single.failures + paced.failures,
  };
  const { pid } = bench;
  if (pid === undefined) return latency;
  const saturated = await costed(pid, () =>
    withLoad(bench, small, CONNECTIONS, (load) => load.saturate(durations.saturate, LEAST_REQUESTS)),
  );
  const large = await costed(pid, () =>
    withLoad(bench, requestBody(bench.model, 'bench-1k', 50, false), LARGE_CONNECTIONS, (load) =>
      load.saturate(durations.large, LEAST_LARGE_REQUESTS),
    ),
  );
  const burst = await costed(pid, () =>
    withLoad(bench, requestBody(bench.model, `bench-stream~chunks=${BURST_FRAMES}`, 2, true), BURST_CONNECTIONS, (load) =>
      load.saturate(durations.burst),
    ),
  );
  const streams = await measureStreams(bench, pid, durations.streams);
  return {
    ...latency,
    failures: latency.failures + saturated.result.failures + large.result.failures + burst.result.failures,
    cpuPerRequest: saturated.micros / saturated.result.requests,
    requestsPerSecond: saturated.result.requests / saturated.result.seconds,
    cpuPerLargeRequest: large.micros / large.result.requests,
    cpuPerBurstFrame: burst.micros / burst.result.frames,
    ...streams,
  };
}

/** Processor time per request of another body, such as `auto` or a test key's. */
export async function measureCpu(bench: BenchTarget, seconds: number): Promise<number> {
  const { pid } = bench;
  if (pid === undefined) return Number.NaN;
  const body = requestBody(bench.model, 'bench-1k', 2, false);
  const { micros, result } = await costed(pid, () => withLoad(bench, body, CONNECTIONS, (load) => load.saturate(seconds, LEAST_REQUESTS)));
  return micros / result.requests;
}

async function measureStreams(bench: BenchTarget, pid: number, seconds: number): Promise<Figures> {
  const chunks = Math.ceil((seconds * 1_000 + STREAM_SETTLE_MS) / STREAM_PACE_MS) + 100;
  const body = requestBody(bench.model, `bench-stream~chunks=${chunks}~pace=${STREAM_PACE_MS}`, 2, true);
  const load = new LoadGenerator(bench.target, body, STREAMS);
  return load.stream(async () => {
    await pause(STREAM_SETTLE_MS);
    const [cpu, frames] = [processorMicros(pid), load.frames];
    await pause(seconds * 1_000);
    return {
      cpuPerFrame: (processorMicros(pid) - cpu) / (load.frames - frames),
      streamingMegabytes: residentMegabytes(pid),
    };
  });
}

async function withLoad<Result>(
  bench: BenchTarget,
  body: string,
  connections: number,
  run: (load: LoadGenerator) => Promise<Result>,
): Promise<Result> {
  const load = new LoadGenerator(bench.target, body, connections);
  try {
    return await run(load);
  } finally {
    load.close();
  }
}

async function costed<Result>(pid: number, run: () => Promise<Result>): Promise<{ result: Result; micros: number }> {
  const before = processorMicros(pid);
  const result = await run();
  return { result, micros: processorMicros(pid) - before };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
