/**
 * The last check before a catalogue goes out: a bad one must never reach a node. Pure. Every problem is found, not only the first, and
 * each is one line for the operator's page. A refused catalogue leaves the one before in force.
 */
import type { CatalogDocument, RatesRow } from '../../shared/snapshot.js';
import type { CompiledCatalog } from './compile-catalog.js';

const PROTOCOLS: ReadonlySet<string> = new Set(['openai', 'anthropic', 'gemini']);
const TIERS: ReadonlySet<string> = new Set(['frontier', 'standard', 'value']);
const GROUP_KINDS: ReadonlySet<string> = new Set(['code', 'write', 'reason', 'analyze', 'general']);
const BUCKETS = ['inputUncached', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'output', 'requests'] as const;
/** Ten times what the largest gateways list: beyond it is a runaway import, not a catalogue. */
const BOUNDS = { vendors: 1_000, models: 10_000, endpoints: 50_000, groups: 1_000, regions: 100 } as const;
/** A node parses the document in one go: about 100 ms. */
const MAX_BYTES = 16 * 1024 * 1024;
/** $10,000 a million tokens, in pico-USD a token: a price above it has a wrong unit. */
const MAX_RATE = 10_000_000_000n;
/** A small installation may lose half of its keys in a day for good reasons. */
const KEY_FLOOR = 100;

export class InconsistentSnapshot extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the catalogue was refused: ${problems.slice(0, 3).join('; ')}${problems.length > 3 ? `; and ${problems.length - 3} more` : ''}`);
    this.name = 'InconsistentSnapshot';
  }
}

/** Throws `InconsistentSnapshot`. `bytes`: of the encoded document. */
export function assertConsistent(compiled: CompiledCatalog, bytes: number): void {
  const { document } = compiled;
  const problems = [
    ...checkSizes(document, bytes),
    ...compiled.unpriced.map((id) => `model ${id} has no price in force`),
    ...checkVendors(document),
    ...checkModels(document),
    ...checkEndpoints(document),
    ...checkGroups(document),
    ...checkRegions(document),
  ];
  if (problems.length > 0) throw new InconsistentSnapshot(problems);
}

/** Half of yesterday's keys must not vanish at once: a lost table looks like that, and nodes would refuse every customer. */
export function assertKeysRemain(keyCount: number, mostOfYesterday: number): void {
  if (mostOfYesterday >= KEY_FLOOR && keyCount * 2 < mostOfYesterday)
    throw new InconsistentSnapshot([`only ${keyCount} keys are left of ${mostOfYesterday} within a day`]);
}

function checkSizes(document: CatalogDocument, bytes: number): string[] {
  const problems = Object.entries(BOUNDS)
    .map(([part, most]) => ({ part, most, count: document[part as keyof typeof BOUNDS].length }))
    .filter(({ count, most }) => count > most)
    .map(({ part, count, most }) => `${count} ${part} are more than ${most}`);
  return bytes > MAX_BYTES ? [...problems, `the document has ${bytes} bytes, more than ${MAX_BYTES}`] : problems;
}

function checkVendors(document: CatalogDocument): string[] {
  const regions = idsOf(document.regions);
  return document.vendors.flatMap((vendor) => [
    ...(PROTOCOLS.has(vendor.protocol) ? [] : [`vendor ${vendor.id}: unknown protocol ${vendor.protocol}`]),
    ...(URL.canParse(vendor.baseUrl) ? [] : [`vendor ${vendor.id}: base URL is not one`]),
    ...unknownIds(`vendor ${vendor.id}: region`, vendor.regions, regions),
  ]);
}

function checkModels(document: CatalogDocument): string[] {
  const names = new Map<string, string>(document.groups.map((group) => [group.id, `group ${group.id}`]));
  const claim = (name: string, owner: string) => {
    const taken = names.get(name);
    names.set(name, owner);
    return taken === undefined ? [] : [`${owner}: the name ${name} is taken by ${taken}`];
  };
  const own = document.models.flatMap((model) => claim(model.id, `model ${model.id}`));
  const others = document.models.flatMap((model) => [
    ...model.aliases.flatMap((alias) => claim(alias, `model ${model.id}`)),
    ...(TIERS.has(model.tier) ? [] : [`model ${model.id}: unknown tier ${model.tier}`]),
    ...checkRates(`model ${model.id}`, model.price.rates),
    ...model.price.tiers.flatMap((tier) => checkRates(`model ${model.id} above ${tier.aboveInputTokens}`, tier.rates)),
  ]);
  return [...own, ...others];
}

/** A price of 0 that is meant has `free` in the database, which refuses any other; here the shape and the unit are checked. */
function checkRates(owner: string, rates: RatesRow): string[] {
  return BUCKETS.flatMap((bucket) => {
    const rate = rates[bucket] as string | undefined;
    if (typeof rate !== 'string' || !/^\d{1,18}$/.test(rate)) return [`${owner}: rate ${bucket} is not a decimal string`];
    return BigInt(rate) > MAX_RATE ? [`${owner}: rate ${bucket} passes $10,000 a million tokens`] : [];
  });
}

function checkEndpoints(document: CatalogDocument): string[] {
  const models = idsOf(document.models);
  const vendors = idsOf(document.vendors);
  const regions = idsOf(document.regions);
  return document.endpoints.flatMap((endpoint) => [
    ...unknownIds(`endpoint ${endpoint.id}: model`, [endpoint.modelId], models),
    ...unknownIds(`endpoint ${endpoint.id}: vendor`, [endpoint.vendorId], vendors),
    ...unknownIds(`endpoint ${endpoint.id}: region`, endpoint.regions, regions),
    ...checkRates(`endpoint ${endpoint.id} cost`, endpoint.cost),
  ]);
}

function checkGroups(document: CatalogDocument): string[] {
  const models = new Set(document.models.flatMap((model) => [model.id, ...model.aliases]));
  return document.groups.flatMap((group) => {
    const listed = Object.values(group.tiers).flat();
    return [
      ...(GROUP_KINDS.has(group.kind) ? [] : [`group ${group.id}: unknown kind ${group.kind}`]),
      ...(listed.length === 0 && group.enabled ? [`group ${group.id} names no model`] : []),
      ...unknownIds(`group ${group.id}: model`, listed, models),
    ];
  });
}

function checkRegions(document: CatalogDocument): string[] {
  return document.regions
    .filter((region) => Buffer.from(region.sealingKey, 'base64url').length !== 32)
    .map((region) => `region ${region.id}: sealing key is not 32 bytes`);
}

function idsOf(rows: readonly { readonly id: string }[]): Set<string> {
  return new Set(rows.map((row) => row.id));
}

function unknownIds(what: string, ids: readonly string[] | null, known: ReadonlySet<string>): string[] {
  return (ids ?? []).filter((id) => !known.has(id)).map((id) => `${what} ${id} does not exist`);
}
