/** What the overview shows, from the usage report. Pure. Costs become numbers here for sums that are shown and for charts only. */
import type { OverviewQuery } from './generated/graphql.js';

type Rows = OverviewQuery['usage']['rows'];

/** Models with a colour of their own in the chart; the others are drawn together. */
const MODELS_DRAWN = 5;
const DAY_MS = 24 * 3_600_000;

/** USD of the rows whose date begins with `prefix`: a day (YYYY-MM-DD) or a month (YYYY-MM), UTC. */
export function spentIn(rows: Rows, prefix: string): string {
  return sum(rows.filter((row) => row.date?.startsWith(prefix)).map((row) => row.costUsd));
}

/** Nano-USD are summed as integers: figures are exact to the last digit. */
function sum(amounts: readonly string[]): string {
  const nano = amounts.reduce((total, amount) => total + toNano(amount), 0n);
  return `${nano / 1_000_000_000n}.${(nano % 1_000_000_000n).toString().padStart(9, '0')}`;
}

function toNano(amount: string): bigint {
  const [whole = '0', fraction = ''] = amount.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

/** YYYY-MM-DD, UTC, the last one today. */
export function lastDates(now: Date, amount: number): string[] {
  return Array.from({ length: amount }, (_, index) =>
    new Date(now.getTime() - (amount - 1 - index) * DAY_MS).toISOString().slice(0, 'YYYY-MM-DD'.length),
  );
}

export interface DailySpend {
  /** Each with `date` and USD by the names in `series`. */
  readonly days: Record<string, string | number>[];
  readonly series: readonly string[];
}

/** Every day has an entry, those without spend too. */
export function dailySpend(rows: Rows, dates: readonly string[], others: string): DailySpend {
  const totals = new Map<string, number>();
  for (const row of rows) totals.set(nameOf(row), (totals.get(nameOf(row)) ?? 0) + Number(row.costUsd));
  const ranked = [...totals].sort((left, right) => right[1] - left[1]).map(([model]) => model);
  const drawn = new Set(ranked.slice(0, MODELS_DRAWN));
  const days = new Map<string, Record<string, string | number>>(dates.map((date) => [date, { date }]));
  for (const row of rows) {
    if (!row.date) continue;
    const day = days.get(row.date) ?? { date: row.date };
    const series = drawn.has(nameOf(row)) ? nameOf(row) : others;
    day[series] = Number(day[series] ?? 0) + Number(row.costUsd);
    days.set(row.date, day);
  }
  const series = ranked.length > MODELS_DRAWN ? [...drawn, others] : [...drawn];
  return { days: sortByDate([...days.values()]), series };
}

/** Every day has an entry, those without requests too. */
export function dailyRequests(rows: Rows, dates: readonly string[]): { date: string; requests: number }[] {
  const days = new Map(dates.map((date) => [date, 0]));
  for (const row of rows) if (row.date) days.set(row.date, (days.get(row.date) ?? 0) + row.requests);
  return [...days].sort().map(([date, requests]) => ({ date, requests }));
}

export interface ModelUsage {
  readonly model: string;
  readonly requests: number;
  readonly errors: number;
  readonly tokens: number;
  readonly costUsd: string;
}

/** Dearest first. */
export function usageByModel(rows: Rows, limit: number): ModelUsage[] {
  return [...Map.groupBy(rows, nameOf)]
    .map(([model, own]) => ({
      model,
      requests: own.reduce((total, row) => total + row.requests, 0),
      errors: own.reduce((total, row) => total + row.errors, 0),
      tokens: own.reduce((total, row) => total + row.promptTokens + row.completionTokens, 0),
      costUsd: sum(own.map((row) => row.costUsd)),
    }))
    .sort((left, right) => Number(right.costUsd) - Number(left.costUsd) || right.requests - left.requests)
    .slice(0, limit);
}

/** Null when no request had one. */
export function medianFirstTokenMs(requests: OverviewQuery['requests']): number | null {
  const times = requests.edges.flatMap(({ node }) => (typeof node.firstTokenMs === 'number' ? [node.firstTokenMs] : []));
  return times.sort((left, right) => left - right)[Math.floor(times.length / 2)] ?? null;
}

function nameOf(row: Rows[number]): string {
  return row.model ?? '–';
}

function sortByDate(days: Record<string, string | number>[]): Record<string, string | number>[] {
  return days.sort((left, right) => String(left['date']).localeCompare(String(right['date'])));
}
