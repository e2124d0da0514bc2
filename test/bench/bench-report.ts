/** Medians over rounds, ratios to the bare pass-through within the same round, and the gates of issue 2, in one table. */
import { FIGURES, type Figure, type Figures } from './scenarios.js';

export interface BenchRound {
  /** Target's name -> its figures; `vendor` is the sandbox without anything between. */
  readonly targets: Readonly<Record<string, Figures>>;
  /** Gateway only: microseconds with `model: auto`, and with a test key (no lease, no limit on money). */
  readonly autoCpu: number;
  readonly testKeyCpu: number;
}

export interface BenchSummary {
  readonly rounds: readonly BenchRound[];
  readonly gates: readonly GateResult[];
  readonly redisCommandsPerRequest: number;
  readonly memory: { readonly beforeMegabytes: number; readonly afterMegabytes: number; readonly requests: number };
  readonly pinned: boolean;
}

export interface GateResult {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly passed: boolean;
}

const GATEWAY = 'gateway';
const BARE = 'bare';
const VENDOR = 'vendor';

export function summarize(rounds: readonly BenchRound[], facts: Omit<BenchSummary, 'rounds' | 'gates'>): BenchSummary {
  const ratio = (figure: Figure): number => median(rounds.map((round) => figureOf(round, GATEWAY, figure) / figureOf(round, BARE, figure)));
  const added = (round: BenchRound, name: string): number => figureOf(round, name, 'singleP50') - figureOf(round, VENDOR, 'singleP50');
  const gates = [
    gate('CPU per request, 2 KB, against bare', ratio('cpuPerRequest'), 1.75),
    gate('CPU per request, 50 KB, against bare', ratio('cpuPerLargeRequest'), 1.5),
    gate('CPU per SSE frame, 200 streams, against bare', ratio('cpuPerFrame'), 1.25),
    gate('CPU per SSE frame, unpaced, against bare', ratio('cpuPerBurstFrame'), 1.3),
    gate('added p50 at one connection, against bare', median(rounds.map((round) => added(round, GATEWAY) / added(round, BARE))), 1.5),
    gate(
      'CPU with auto against a plain model',
      median(rounds.map((round) => round.autoCpu / figureOf(round, GATEWAY, 'cpuPerRequest'))),
      1.1,
    ),
    gate('Redis commands per request, whole stack', facts.redisCommandsPerRequest, 0.02),
    gate('MB resident at 200 streams', median(rounds.map((round) => figureOf(round, GATEWAY, 'streamingMegabytes'))), 300),
  ];
  return { rounds, gates, ...facts };
}

function gate(name: string, value: number, limit: number): GateResult {
  return { name, value, limit, passed: value <= limit };
}

function figureOf(round: BenchRound, name: string, figure: Figure): number {
  return round.targets[name]?.[figure] ?? Number.NaN;
}

export function renderSummary(summary: BenchSummary): string {
  const { rounds } = summary;
  const names = Object.keys(rounds[0]?.targets ?? {});
  const rows = [['median of rounds', ...names, ...names.filter((name) => name !== BARE && name !== VENDOR).map((name) => `${name}/bare`)]];
  for (const [figure, title] of Object.entries(FIGURES) as [Figure, string][]) {
    const values = names.map((name) => median(rounds.map((round) => figureOf(round, name, figure))));
    const ratios = names
      .filter((name) => name !== BARE && name !== VENDOR)
      .map((name) => median(rounds.map((round) => figureOf(round, name, figure) / figureOf(round, BARE, figure))));
    rows.push([title, ...values.map(show), ...ratios.map(show)]);
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length))) ?? [];
  const table = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  );
  const { memory } = summary;
  return [
    ...table,
    '',
    ...summary.gates.map(({ name, value, limit, passed }) => `${passed ? 'met   ' : 'MISSED'} ${name}: ${show(value)} (at most ${limit})`),
    `       CPU with a test key (no lease, no charge): ${show(median(rounds.map((round) => round.testKeyCpu)))} us / request`,
    `       gateway memory: ${show(memory.beforeMegabytes)} MB after warming up, ${show(memory.afterMegabytes)} MB after ${memory.requests} requests`,
    ...(summary.pinned ? [] : ['       processors could not be pinned: expect noise']),
  ].join('\n');
}

function show(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return value >= 1_000 ? value.toFixed(0) : value >= 100 ? value.toFixed(1) : value.toFixed(value >= 10 ? 1 : 3);
}

export function median(values: readonly number[]): number {
  const known = values.filter((value) => Number.isFinite(value)).sort((one, other) => one - other);
  const middle = known.length >> 1;
  if (known.length === 0) return Number.NaN;
  return known.length % 2 === 1 ? (known[middle] ?? Number.NaN) : ((known[middle - 1] ?? 0) + (known[middle] ?? 0)) / 2;
}
