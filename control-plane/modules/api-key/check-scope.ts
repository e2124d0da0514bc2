/** Checks what a customer asks a key to be. Every refusal is `invalid_request` and names the field. */
import type { EntityManager } from '@mikro-orm/postgresql';
import ipaddr from 'ipaddr.js';
import { GatewayError } from '../../../shared/errors.js';
import { parseUsd } from '../../../shared/money.js';
import type { ApiKey } from './api-key.entity.js';
import type { KeyLimitsInput, KeyScopeInput } from './api-key.shapes.js';

const MAX_ENTRIES = 200;

/** Writes the checked scope onto the entity. */
export async function applyScope(em: EntityManager, key: ApiKey, scope: KeyScopeInput): Promise<void> {
  key.models = await checkModels(em, scope.models);
  key.ipAllowlist = checkAddresses(scope.ipAllowlist);
  key.regions = await checkRegions(em, scope.regions);
  key.expiresAt = checkExpiry(scope.expiresAt);
  applyLimits(key, scope.limits ?? {});
}

export function checkName(name: string): string {
  const trimmed = name.trim();
  if (trimmed === '' || trimmed.length > 200) refuse('name', 'name must have 1 to 200 characters.');
  return trimmed;
}

function applyLimits(key: ApiKey, limits: KeyLimitsInput): void {
  key.requestsPerMinute = checkPositive('limits.requestsPerMinute', limits.requestsPerMinute);
  key.tokensPerMinute = checkPositive('limits.tokensPerMinute', limits.tokensPerMinute);
  key.concurrency = checkPositive('limits.concurrency', limits.concurrency);
  key.dailyNano = checkUsd('limits.dailyUsd', limits.dailyUsd);
  key.monthlyNano = checkUsd('limits.monthlyUsd', limits.monthlyUsd);
  key.totalNano = checkUsd('limits.totalUsd', limits.totalUsd);
}

async function checkModels(em: EntityManager, models: readonly string[] | null | undefined): Promise<string[] | null> {
  const wanted = checkList('models', models);
  if (!wanted) return null;
  const rows = await em.execute<{ name: string }[]>(
    `SELECT id AS name FROM model UNION SELECT unnest(aliases) FROM model UNION SELECT id FROM routing_group`,
  );
  const known = new Set(['auto', ...rows.map((row) => row.name)]);
  const unknown = wanted.find((name) => !known.has(name));
  if (unknown !== undefined) refuse('models', `models names ${JSON.stringify(unknown)}, which is no model, alias or group.`);
  return wanted;
}

async function checkRegions(em: EntityManager, regions: readonly string[] | null | undefined): Promise<string[] | null> {
  const wanted = checkList('regions', regions);
  if (!wanted) return null;
  const rows = await em.execute<{ id: string }[]>('SELECT id FROM region');
  const known = new Set(rows.map((row) => row.id));
  const unknown = wanted.find((id) => !known.has(id));
  if (unknown !== undefined) refuse('regions', `regions names ${JSON.stringify(unknown)}, which is none.`);
  return wanted;
}

function checkAddresses(addresses: readonly string[] | null | undefined): string[] | null {
  const wanted = checkList('ipAllowlist', addresses);
  const wrong = wanted?.find((text) => !(ipaddr.isValid(text) || ipaddr.isValidCIDR(text)) || !/[.:]/.test(text));
  if (wrong !== undefined) refuse('ipAllowlist', `ipAllowlist has ${JSON.stringify(wrong)}, which is no address or CIDR range.`);
  return wanted;
}

function checkList(field: string, values: readonly string[] | null | undefined): string[] | null {
  if (values === undefined || values === null) return null;
  if (values.length === 0 || values.length > MAX_ENTRIES) refuse(field, `${field} must have 1 to ${MAX_ENTRIES} entries, or be absent.`);
  return [...new Set(values)];
}

function checkExpiry(expiresAt: Date | null | undefined): Date | null {
  if (!expiresAt) return null;
  if (expiresAt.getTime() <= Date.now()) refuse('expiresAt', 'expiresAt must be in the future.');
  // The access document holds unsigned 32-bit seconds.
  if (expiresAt.getTime() / 1000 >= 2 ** 32) refuse('expiresAt', 'expiresAt is too far away: leave it out for a key that never expires.');
  return expiresAt;
}

function checkPositive(field: string, value: number | null | undefined): number | null {
  if (value === undefined || value === null) return null;
  if (value < 1) refuse(field, `${field} must be at least 1.`);
  return value;
}

function checkUsd(field: string, value: string | null | undefined): bigint | null {
  if (value === undefined || value === null) return null;
  const amount = parseUsd(value);
  if (amount === undefined) return refuse(field, `${field} must be a decimal string of USD with up to 9 places.`);
  return amount;
}

function refuse(param: string, message: string): never {
  throw new GatewayError('invalid_request', message, { param });
}
