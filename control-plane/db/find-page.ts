/**
 * Keyset pages over one unique column (ids are UUID v7, so `id` is the order of creation): a page costs the same however deep it is,
 * and a row that appears or goes while somebody pages moves nothing else. Cursors are opaque to clients.
 */
import type { EntityManager, EntityName, FilterQuery, OrderDefinition } from '@mikro-orm/postgresql';
import { GatewayError } from '../../shared/errors.js';

/** What a page may hold at most; asking for more is refused, not cut. */
const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;

export interface PageRequest {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

export interface Page<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[];
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean };
}

export function encodeCursor(value: string | number | bigint): string {
  return Buffer.from(String(value)).toString('base64url');
}

export function decodeCursor(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString('utf8');
}

/** Throws `invalid_request` for a size out of 1..200. */
export function pageSize(request: PageRequest): number {
  const size = request.first ?? DEFAULT_PAGE;
  if (size < 1 || size > MAX_PAGE)
    throw new GatewayError('invalid_request', `first must be between 1 and ${MAX_PAGE}.`, { param: 'first' });
  return size;
}

/** `rows` were asked for with one more than `size`: the extra one says that there is a next page. */
export function toPage<T>(rows: readonly T[], size: number, keyOf: (row: T) => string | number | bigint): Page<T> {
  const edges = rows.slice(0, size).map((node) => ({ cursor: encodeCursor(keyOf(node)), node }));
  return { edges, pageInfo: { endCursor: edges.at(-1)?.cursor ?? null, hasNextPage: rows.length > size } };
}

export interface PageOrder<T> {
  readonly key: keyof T & string;
  readonly direction: 'asc' | 'desc';
  /** Which cursors can be right: another is refused before PostgreSQL sees it. */
  readonly pattern: RegExp;
}

export const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const NAME_PATTERN = /^.{1,300}$/;
export const NUMBER_PATTERN = /^\d{1,18}$/;

export async function findPage<T extends object>(
  em: EntityManager,
  entity: EntityName<T>,
  where: FilterQuery<T>,
  request: PageRequest,
  order: PageOrder<T>,
): Promise<Page<T>> {
  const size = pageSize(request);
  const rows = await em.find(entity, { $and: [where, afterCursor(request, order)] } as FilterQuery<NoInfer<T>>, {
    orderBy: { [order.key]: order.direction } as OrderDefinition<T>,
    limit: size + 1,
  });
  return toPage(rows as T[], size, (row) => row[order.key] as string | number | bigint);
}

function afterCursor<T>(request: PageRequest, order: PageOrder<T>): Record<string, unknown> {
  if (request.after === undefined || request.after === null) return {};
  const value = decodeCursor(request.after);
  if (!order.pattern.test(value)) throw new GatewayError('invalid_request', 'after is not a cursor of this list.', { param: 'after' });
  return { [order.key]: { [order.direction === 'asc' ? '$gt' : '$lt']: value } };
}
