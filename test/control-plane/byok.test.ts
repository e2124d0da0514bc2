import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccessChange } from '../../shared/access-document.js';
import { generateRegionKey, openSealedSecret, type SealedSecret } from '../../shared/sealed.js';
import type { CatalogDocument, Manifest } from '../../shared/snapshot.js';
import { type ControlPlaneFixture, eventually, type Person, startControlPlane } from './control-plane-fixture.js';

const SECRET = 'sk-vendor-secret-planted-9876';
const us = generateRegionKey();
const eu = generateRegionKey();

/** A vendor that knows one key to be wrong. */
const vendor = createServer((request, response) => {
  response.writeHead(request.headers.authorization?.includes('wrong') ? 401 : 200, { 'content-type': 'application/json' }).end('{}');
});
afterAll(() => void vendor.close());

let control: ControlPlaneFixture;
let operator: Person;
beforeAll(async () => {
  control = await startControlPlane();
  operator = await control.registerOperator();
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/v1`;
  await saveRegion('us', us.publicKey);
  for (const [id, byokBaseUrl] of [
    ['openai', false],
    ['selfhosted', true],
  ] as const)
    await control.must(
      'mutation ($id: ID!, $baseUrl: String, $byokBaseUrl: Boolean) { saveVendor(input: { id: $id, name: "V", protocol: "openai", baseUrl: $baseUrl, byokBaseUrl: $byokBaseUrl }) { id } }',
      { id, baseUrl, byokBaseUrl },
      operator.token,
    );
});

function saveRegion(id: string, key: string) {
  return control.must(
    'mutation ($id: ID!, $key: String) { saveRegion(input: { id: $id, name: "R", url: "http://localhost", latitude: 1, longitude: 2, sealingKey: $key }) { id } }',
    { id, key },
    operator.token,
  );
}

const CREATE =
  'mutation ($input: ByokInput!, $key: ID) { createByokCredential(input: $input, apiKeyId: $key) { id provider last4 mode baseUrl } }';
interface Created {
  readonly createByokCredential: { readonly id: string };
}

async function storedOf(id: string): Promise<SealedSecret> {
  const { rows } = await control.database.pool.query('SELECT sealed FROM byok_credential WHERE id = $1', [id]);
  return rows[0].sealed;
}

describe('a customer credential', () => {
  test('that the vendor refuses is not saved, and the field is named', async () => {
    const person = await control.register();
    const { errors } = await control.graphql(CREATE, { input: { provider: 'openai', apiKey: 'sk-a-wrong-key' } }, person.token);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'invalid_request', param: 'byok.apiKey' });
    expect(await control.must('{ byokCredentials { id } }', {}, person.token)).toEqual({ byokCredentials: [] });
  });

  test('opens with the key of its region, for its account and its id, and for nothing else', async () => {
    const person = await control.register();
    const { createByokCredential } = await control.must<Created>(CREATE, { input: { provider: 'openai', apiKey: SECRET } }, person.token);
    expect(createByokCredential).toMatchObject({ provider: 'openai', last4: '9876', mode: 'prefer', baseUrl: null });
    const { id } = createByokCredential;
    const sealed = await storedOf(id);
    const binding = { owner: person.accountId, vendorId: 'openai', id };
    expect(openSealedSecret(sealed, binding, 'us', us)).toBe(SECRET);
    const another = await control.register();
    expect(() => openSealedSecret(sealed, { ...binding, owner: another.accountId }, 'us', us)).toThrow();
    expect(() => openSealedSecret(sealed, { ...binding, id: another.accountId }, 'us', us)).toThrow();
    expect(() => openSealedSecret(sealed, binding, 'us', eu)).toThrow();
  });

  test('stands in the clear nowhere: not in PostgreSQL, not in Redis, not in an answer', async () => {
    const person = await control.register();
    await control.must(CREATE, { input: { provider: 'openai', apiKey: SECRET } }, person.token);
    for (const table of ['byok_credential', 'audit_log', 'config_change', 'access_change']) {
      const { rows } = await control.database.pool.query(
        `SELECT count(*)::int AS found FROM ${table} line WHERE line::text LIKE '%secret-planted%'`,
      );
      expect([table, rows[0].found]).toEqual([table, 0]);
    }
    for (const name of await control.redis.client.keys(`${control.redis.prefix}*`))
      if ((await control.redis.client.type(name)) === 'string')
        expect(await control.redis.client.get(name)).not.toContain('secret-planted');
    const { byokCredentials } = await control.must<{ byokCredentials: object[] }>(
      '{ byokCredentials { id provider last4 mode apiKeyId baseUrl createdAt } }',
      {},
      person.token,
    );
    expect(JSON.stringify(byokCredentials)).not.toContain('planted');
  });

  test('of one key travels with that key alone', async () => {
    const person = await control.register();
    const { createApiKey } = await control.must<{ createApiKey: { apiKey: { id: string; byok: object[] } } }>(
      `mutation { createApiKey(input: { name: "k", byok: [{ provider: "openai", apiKey: "${SECRET}", mode: only }] }) { apiKey { id byok { provider last4 mode } } } }`,
      {},
      person.token,
    );
    expect(createApiKey.apiKey.byok).toEqual([{ provider: 'openai', last4: '9876', mode: 'only' }]);
    const row = await eventually(async () => {
      const { rows } = await control.database.pool.query('SELECT json FROM access_change ORDER BY revision DESC LIMIT 1');
      const change: AccessChange | undefined = rows[0] && JSON.parse(rows[0].json);
      return change?.keys.find((key) => key.key?.keyId === createApiKey.apiKey.id)?.key?.policy.byok?.[0];
    });
    expect(row).toMatchObject({ vendorId: 'openai', mode: 'only' });
    expect(openSealedSecret(row.sealed, { owner: person.accountId, vendorId: 'openai', id: row.id }, 'us', us)).toBe(SECRET);
  });

  test('is sealed for a region that joins later, without being entered again', async () => {
    const person = await control.register();
    const { createByokCredential } = await control.must<Created>(CREATE, { input: { provider: 'openai', apiKey: SECRET } }, person.token);
    await saveRegion('eu', eu.publicKey);
    const binding = { owner: person.accountId, vendorId: 'openai', id: createByokCredential.id };
    const sealed = await storedOf(createByokCredential.id);
    expect(openSealedSecret(sealed, binding, 'eu', eu)).toBe(SECRET);
    expect(openSealedSecret(sealed, binding, 'us', us)).toBe(SECRET);
  });

  test.each([
    ['openai', 'https://evil.example.com', 'takes no base URL'],
    ['selfhosted', 'http://llm.example.com/v1', 'https'],
    ['selfhosted', 'https://llm.example.com:8443/v1', '443'],
    ['selfhosted', 'https://user:pass@llm.example.com', 'user info'],
    ['selfhosted', 'https://127.0.0.1/v1', 'public'],
    ['selfhosted', 'https://[::ffff:10.0.0.1]/v1', 'public'],
    ['selfhosted', 'https://2130706433/v1', 'public'],
    ['selfhosted', 'https://0x7f.1/v1', 'public'],
  ])('for %s is refused with the base URL %s', async (provider, baseUrl, words) => {
    const person = await control.register();
    const { errors } = await control.graphql(CREATE, { input: { provider, apiKey: SECRET, baseUrl } }, person.token);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'invalid_request', param: 'byok.baseUrl' });
    expect(errors?.[0]?.message).toContain(words);
  });
});

describe("the operator's credential", () => {
  test('is sealed for the regions that may use it, and only those', async () => {
    const { addVendorCredential } = await control.must<{ addVendorCredential: { id: string; last4: string } }>(
      'mutation ($secret: String!) { addVendorCredential(input: { vendorId: "openai", secret: $secret, weight: 3 }) { id last4 } }',
      { secret: SECRET },
      operator.token,
    );
    expect(addVendorCredential.last4).toBe('9876');
    const published = async () => {
      const manifest = (await (await control.internal('/internal/snapshot/manifest')).json()) as Manifest;
      const bytes = await (await control.internal(`/internal/snapshot/documents/${manifest.catalog.sha256}`)).text();
      expect(bytes).not.toContain('planted');
      const vendor = (JSON.parse(bytes) as CatalogDocument).vendors.find((row) => row.id === 'openai');
      return vendor?.credentials.find((credential) => credential.id === addVendorCredential.id);
    };
    const credential = await eventually(published);
    const binding = { owner: 'house', vendorId: 'openai', id: addVendorCredential.id };
    expect(credential.weight).toBe(3);
    expect(openSealedSecret(credential.sealed, binding, 'us', us)).toBe(SECRET);

    await control.must('mutation { saveVendor(input: { id: "openai", regions: ["us"] }) { id } }', {}, operator.token);
    const narrowed = await eventually(async () => {
      const row = await published();
      return row && Object.keys(row.sealed.keys).join() === 'us' ? row : undefined;
    });
    expect(openSealedSecret(narrowed.sealed, binding, 'us', us)).toBe(SECRET);
  });
});
