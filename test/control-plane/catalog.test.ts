import { beforeAll, describe, expect, test } from 'vitest';
import { type ControlPlaneFixture, eventually, type Person, startControlPlane } from './control-plane-fixture.js';

let control: ControlPlaneFixture;
let operator: Person;
const CAPABILITIES = Object.fromEntries(
  [
    'tools',
    'parallelTools',
    'imageInput',
    'audioInput',
    'fileInput',
    'jsonObject',
    'jsonSchema',
    'reasoning',
    'logprobs',
    'multipleChoices',
    'temperature',
    'promptCache',
  ].map((name) => [name, false]),
);
const RATES = { inputUncached: '2', cacheRead: '0.2', cacheWrite5m: '2.5', cacheWrite1h: '4', output: '10' };
const SAVE_MODEL =
  'mutation ($input: ModelInput!) { saveModel(input: $input) { id name aliases tier price { rates { inputUncached output } } } }';
const SAVE_VENDOR = 'mutation ($input: VendorInput!) { saveVendor(input: $input) { id name enabled quirks updatedAt } }';
const SET_PRICE =
  'mutation ($input: PriceInput!) { setModelPrice(modelId: "m1", input: $input) { revision effectiveFrom rates { output } } }';

beforeAll(async () => {
  control = await startControlPlane();
  operator = await control.registerOperator();
  await control.must(
    SAVE_VENDOR,
    { input: { id: 'acme', name: 'Acme', protocol: 'openai', baseUrl: 'https://api.acme.test/v1' } },
    operator.token,
  );
  await control.must(
    SAVE_MODEL,
    {
      input: {
        id: 'm1',
        name: 'M One',
        ownedBy: 'acme',
        contextTokens: 1000,
        maxOutputTokens: 100,
        tier: 'value',
        capabilities: CAPABILITIES,
        price: { rates: RATES },
      },
    },
    operator.token,
  );
  await control.must(
    `mutation ($cost: RatesInput) { saveEndpoint(input: { id: "m1@acme", modelId: "m1", vendorId: "acme", upstreamModel: "acme-m1", cost: $cost }) { id } }`,
    { cost: { ...RATES, inputUncached: '1.5', output: '12' } },
    operator.token,
  );
});

test('a saved row keeps what was not sent', async () => {
  await control.must(SAVE_VENDOR, { input: { id: 'acme', quirks: { drop: ['seed'] } } }, operator.token);
  const { saveVendor } = await control.must<{ saveVendor: object }>(SAVE_VENDOR, { input: { id: 'acme', enabled: true } }, operator.token);
  expect(saveVendor).toMatchObject({ name: 'Acme', enabled: true, quirks: { drop: ['seed'] } });
});

test.each([
  ['a misspelt quirk', SAVE_VENDOR, { id: 'acme', quirks: { dorp: ['seed'] } }, /quirks/],
  ['an unknown protocol', SAVE_VENDOR, { id: 'other', name: 'O', protocol: 'soap', baseUrl: 'https://o.test' }, /protocol/],
  ['a base URL that is none', SAVE_VENDOR, { id: 'other', name: 'O', protocol: 'openai', baseUrl: 'file:///etc/passwd' }, /baseUrl/],
  [
    'a new model without a price',
    SAVE_MODEL,
    { id: 'm2', name: 'M', ownedBy: 'a', contextTokens: 1, maxOutputTokens: 1, tier: 'value', capabilities: CAPABILITIES },
    /price/,
  ],
  ['a price of 0 by accident', SET_PRICE, { rates: { ...RATES, output: '0' } }, /0 must be meant/],
  ['a price with seven places', SET_PRICE, { rates: { ...RATES, output: '0.0000001' } }, /rates\.output/],
  ['a price in the past', SET_PRICE, { rates: RATES, effectiveFrom: '2020-01-01T00:00:00Z' }, /past/],
])('%s is refused, naming what is wrong', async (_what, query, input, words) => {
  const { errors } = await control.graphql(query, { input }, operator.token);
  expect(errors?.[0]?.extensions.code).toBe('invalid_request');
  expect(errors?.[0]?.message).toMatch(words);
});

test('prices are a history: a new one takes over, none is ever changed', async () => {
  const { setModelPrice } = await control.must<{ setModelPrice: { revision: string } }>(
    SET_PRICE,
    { input: { rates: { ...RATES, output: '11' } } },
    operator.token,
  );
  const { model } = await control.must<{
    model: { price: { revision: string }; prices: { edges: { node: { rates: { output: string } } }[] } };
  }>('{ model(id: "m1") { price { revision } prices(first: 10) { edges { node { revision rates { output } } } } } }', {}, operator.token);
  expect(model.price.revision).toBe(setModelPrice.revision);
  expect(model.prices.edges.map((edge) => edge.node.rates.output)).toEqual(['11', '10']);
  await expect(control.database.pool.query('UPDATE model_price SET output = 1')).rejects.toThrow(/append-only/);
});

test('the margin of a price is shown before it is set', async () => {
  const { marginPreview } = await control.must<{ marginPreview: object[] }>(
    'query ($rates: RatesInput) { marginPreview(modelId: "m1", rates: $rates) { endpointId input output } }',
    { rates: RATES },
    operator.token,
  );
  expect(marginPreview).toEqual([{ endpointId: 'm1@acme', input: 0.25, output: -0.2 }]);
});

test('lists are connections whose cursors hold while rows come and go', async () => {
  for (const id of ['list-a', 'list-b', 'list-c'])
    await control.must(SAVE_VENDOR, { input: { id, name: id, protocol: 'openai', baseUrl: 'https://x.test' } }, operator.token);
  interface Vendors {
    readonly vendors: { readonly edges: { node: { id: string } }[]; readonly pageInfo: { endCursor: string; hasNextPage: boolean } };
  }
  const QUERY = 'query ($after: String) { vendors(first: 2, after: $after) { edges { node { id } } pageInfo { endCursor hasNextPage } } }';
  const first = (await control.must<Vendors>(QUERY, {}, operator.token)).vendors;
  expect(first.edges.map((edge) => edge.node.id)).toEqual(['acme', 'list-a']);
  expect(first.pageInfo.hasNextPage).toBe(true);
  await control.must(SAVE_VENDOR, { input: { id: 'aaa', name: 'A', protocol: 'openai', baseUrl: 'https://x.test' } }, operator.token);
  const second = (await control.must<Vendors>(QUERY, { after: first.pageInfo.endCursor }, operator.token)).vendors;
  expect(second.edges.map((edge) => edge.node.id)).toEqual(['list-b', 'list-c']);
  expect(second.pageInfo.hasNextPage).toBe(false);
});

describe('revisions', () => {
  interface Revisions {
    readonly revisions: { readonly edges: { node: { revision: number; changes: { subjectType: string; subjectId: string }[] } }[] };
  }
  const newest = async () =>
    (
      await control.must<Revisions>(
        '{ revisions(first: 1) { edges { node { revision changes { subjectType subjectId } } } } }',
        {},
        operator.token,
      )
    ).revisions.edges[0]?.node;
  const published = async () => {
    const { rows } = await control.database.pool.query('SELECT revision FROM config_revision');
    return eventually(async () => {
      const node = await newest();
      return node && node.revision >= Number(rows[0].revision) ? node : undefined;
    });
  };

  test('say what changed, can be compared, and can be gone back to', async () => {
    const before = await published();
    await control.must(SAVE_VENDOR, { input: { id: 'acme', baseUrl: 'https://mistake.test' } }, operator.token);
    await control.must(SET_PRICE, { input: { rates: { ...RATES, output: '999' } } }, operator.token);
    const after = await published();
    expect(after.changes).toContainEqual({ subjectType: 'model', subjectId: 'm1' });
    const { revisionDiff } = await control.must<{ revisionDiff: { part: string; id: string }[] }>(
      'query ($from: Float!, $to: Float!) { revisionDiff(from: $from, to: $to) { part id before after } }',
      { from: before.revision, to: after.revision },
      operator.token,
    );
    expect(revisionDiff.map(({ part, id }) => `${part} ${id}`)).toEqual(['vendors acme', 'models m1']);

    await control.must(
      'mutation ($revision: Float!) { rollBackCatalog(revision: $revision) }',
      { revision: before.revision },
      operator.token,
    );
    await published();
    const { vendor, model } = await control.must<{ vendor: object; model: object }>(
      '{ vendor(id: "acme") { baseUrl quirks } model(id: "m1") { price { rates { output } } } }',
      {},
      operator.token,
    );
    expect(vendor).toEqual({ baseUrl: 'https://api.acme.test/v1', quirks: { drop: ['seed'] } });
    expect(model).toEqual({ price: { rates: { output: '11' } } });
  });
});

describe('an account', () => {
  test('is found by part of an address, suspended with a reason, and reopened', async () => {
    const person = await control.register('Findable');
    const { accounts } = await control.must<{ accounts: { edges: { node: { id: string } }[] } }>(
      'query ($search: String) { accounts(search: $search) { edges { node { id name status } } } }',
      { search: person.email.slice(2, -6) },
      operator.token,
    );
    expect(accounts.edges.map((edge) => edge.node.id)).toEqual([person.accountId]);
    const SUSPEND =
      'mutation ($id: ID!, $on: Boolean!, $reason: String!) { suspendAccount(id: $id, suspended: $on, reason: $reason) { status } }';
    expect(await control.must(SUSPEND, { id: person.accountId, on: true, reason: 'fraud' }, operator.token)).toEqual({
      suspendAccount: { status: 'suspended' },
    });
    expect(
      (await control.graphql(SUSPEND, { id: person.accountId, on: false, reason: ' ' }, operator.token)).errors?.[0]?.extensions.code,
    ).toBe('invalid_request');
    expect(await control.must(SUSPEND, { id: person.accountId, on: false, reason: 'mistake' }, operator.token)).toEqual({
      suspendAccount: { status: 'active' },
    });
  });
});

describe('the audit log', () => {
  test('names who did what, never a secret, and its chain shows any alteration', async () => {
    const VERIFY = '{ verifyAuditLog { lines broken } }';
    const verification = async () =>
      (await control.must<{ verifyAuditLog: { lines: number; broken: string[] } }>(VERIFY, {}, operator.token)).verifyAuditLog;
    expect((await verification()).broken).toEqual([]);
    await expect(control.database.pool.query(`UPDATE audit_log SET action = 'x'`)).rejects.toThrow(/append-only/);
    await expect(control.database.pool.query('DELETE FROM audit_log')).rejects.toThrow(/append-only/);
    await expect(control.database.pool.query('TRUNCATE audit_log')).rejects.toThrow(/append-only/);
    // Whoever may drop triggers can alter a line, and is seen.
    await control.database.pool.query('ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only');
    await control.database.pool.query(`UPDATE audit_log SET detail = '{}' WHERE chain = 'house' AND sequence = 2`);
    expect((await verification()).broken).toEqual(['house 2']);
    await control.database.pool.query(`DELETE FROM audit_log WHERE chain = 'house' AND sequence = 2`);
    expect((await verification()).broken).toEqual(['house 3']);
  });
});
