import { beforeAll, expect, test } from 'vitest';
import type { Page } from '../../../control-plane/db/find-page.js';
import { listRequests } from '../../../control-plane/modules/usage/list-requests.js';
import type { RequestArguments, RequestLine } from '../../../control-plane/modules/usage/request.shapes.js';
import { UsageSettler } from '../../../control-plane/workers/ingest-usage-settle.js';
import type { PriceSheet } from '../../../shared/money.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { arrivalsOf, type Customer, createCustomer, createNode, createPrice, grant, MODEL, usageEvent } from './money-fixture.js';

let database: TestDatabase;
let price: PriceSheet;
let customer: Customer;
beforeAll(async () => {
  database = await createDatabase();
  price = await createPrice(database.pool);
  customer = await createCustomer(database.pool, 100_000_000_000n);
});

async function spend(count: number): Promise<string[]> {
  const node = createNode();
  const { leaseId } = await grant(database.pool, node, customer, 5_000_000n);
  const events = Array.from({ length: count }, (_, index) => usageEvent(node, index + 1, customer, leaseId, price));
  await new UsageSettler(database.pool).settle(arrivalsOf(events));
  return events.map((event) => event.requestId);
}

async function readAll(request: RequestArguments): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let pages = 0;
  for (let after: string | null = null; ; pages++) {
    const page: Page<RequestLine> = await listRequests(database.pool, customer.accountId, { ...request, after });
    ids.push(...page.edges.map((edge) => edge.node.id));
    if (!page.pageInfo.hasNextPage) return { ids, pages: pages + 1 };
    after = page.pageInfo.endCursor;
  }
}

test('every request once, newest first, over pages, and none of another account', async () => {
  const asked = await spend(7);
  const { ids, pages } = await readAll({ first: 3 });
  expect(ids).toEqual(asked.toReversed());
  expect(pages).toBe(3);
  const stranger = await createCustomer(database.pool, 0n);
  expect((await listRequests(database.pool, stranger.accountId, {})).edges).toEqual([]);
});

test('a filter finds what it names, and nothing else', async () => {
  expect((await readAll({ first: 50, model: MODEL })).ids).toHaveLength(7);
  expect((await readAll({ first: 50, model: 'another' })).ids).toEqual([]);
  expect((await readAll({ first: 50, keyId: customer.keyId })).ids).toHaveLength(7);
  expect((await readAll({ first: 50, failed: true })).ids).toEqual([]);
});

test('a filter that finds nothing in its stretch goes on in the next page, and still finds all', async () => {
  await spend(2_500);
  const first = await listRequests(database.pool, customer.accountId, { first: 5, model: 'another' });
  expect([first.edges.length, first.pageInfo.hasNextPage]).toEqual([0, true]);
  expect(await readAll({ first: 200, model: 'another' })).toEqual({ ids: [], pages: 2 });
  const { ids } = await readAll({ first: 200, model: MODEL });
  expect(new Set(ids).size).toBe(2_507);
});

test('a cursor of another list, and a key that is no id, are refused', async () => {
  await expect(listRequests(database.pool, customer.accountId, { after: 'bm9wZQ' })).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(listRequests(database.pool, customer.accountId, { keyId: 'nope' })).rejects.toThrow();
});
