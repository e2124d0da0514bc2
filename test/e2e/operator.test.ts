/** What an operator sees of running nodes: a vendor credential that is refused, and the dry run of a route. */
import OpenAI from 'openai';
import { beforeAll, expect, test } from 'vitest';
import { EXPLAIN_PATH, EXPLAIN_TICKET_HEADER, signExplainTicket } from '../../shared/explain-ticket.js';
import { startStack, type TestStack } from '../support/stack.js';

let stack: TestStack;
let token: string;

beforeAll(async () => {
  stack = await startStack({ nodes: ['us', 'us'] });
  const { login } = await ask<{ login: { token: string } }>(
    'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { token } }',
    stack.operator,
  );
  token = login.token;
}, 120_000);

async function ask<T>(query: string, variables: object = {}): Promise<T> {
  const response = await fetch(`${stack.addresses.controlPlaneUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

interface Credential {
  readonly id: string;
  readonly restingUntil: string | null;
  readonly restReason: string | null;
  readonly restingNodes: readonly string[];
}

async function credential(id: string): Promise<Credential | undefined> {
  const { vendor } = await ask<{ vendor: { credentials: readonly Credential[] } }>(
    '{ vendor(id: "openai") { credentials { id restingUntil restReason restingNodes } } }',
  );
  return vendor.credentials.find((one) => one.id === id);
}

test('a refused vendor credential rests on every node, nobody notices, and a click brings it back', async () => {
  const clients = stack.nodes.map((node) => new OpenAI({ baseURL: `${node.url}/v1`, apiKey: stack.apiKey, maxRetries: 0 }));
  const { addVendorCredential: added } = await ask<{ addVendorCredential: { id: string } }>(
    'mutation ($input: VendorCredentialInput!) { addVendorCredential(input: $input) { id } }',
    { input: { vendorId: 'openai', secret: 'invalid-key-of-the-operator', weight: 1000, label: 'broken' } },
  );
  const complete = async (client = clients[0]) => {
    const answer = await client?.chat.completions.create({
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'Hi' }],
      max_tokens: 20,
      // The sandbox plays other vendors of this model too: only this one is of interest.
      ...{ provider: { only: ['openai'] } },
    });
    expect(answer?.choices[0]?.message.content).toBeTruthy();
  };
  await expect
    .poll(
      async () => {
        await complete();
        return (await credential(added.id))?.restReason;
      },
      { timeout: 15_000, interval: 200 },
    )
    .toContain('HTTP 401');
  const resting = await credential(added.id);
  expect(resting?.restingNodes).toEqual(['us-1']);
  expect(Date.parse(resting?.restingUntil ?? '')).toBeGreaterThan(Date.now() + 30_000);

  const refusals = async () => {
    const response = await fetch(`${stack.addresses.sandboxUrl}/__sandbox/requests?vendor=openai&limit=1000`);
    const { requests } = (await response.json()) as { requests: readonly { status?: number }[] };
    return requests.filter(({ status }) => status === 401).length;
  };
  expect(await refusals()).toBe(1);
  for (let count = 0; count < 5; count++) await complete();
  // The second node hears of it by the first one's status, within its reading of the fleet.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  for (let count = 0; count < 5; count++) await complete(clients[1]);
  expect(await refusals()).toBe(1);

  await ask('mutation ($id: ID!) { wakeVendorCredential(id: $id) { id } }', { id: added.id });
  expect((await credential(added.id))?.restingUntil).toBeNull();
  await expect
    .poll(
      async () => {
        await complete();
        return refusals();
      },
      { timeout: 10_000 },
    )
    .toBe(2);
  await ask('mutation ($id: ID!) { deleteVendorCredential(id: $id) }', { id: added.id });
}, 60_000);

const EXPLAIN = `query ($input: ExplainRouteInput!) { explainRoute(input: $input) {
  nodeId region refusal refusalCode reason tier complexity { score standardFrom frontierFrom factors } inputTokens outputTokens ceilingUsd
  eligibleModels candidates { model vendor endpoint byok estimatedCostUsd ceilingUsd dropped health { successRate share } }
  excluded { model vendor reason } revision } }`;

interface Explained {
  readonly explainRoute: {
    readonly refusal: string | null;
    readonly refusalCode: string | null;
    readonly tier: string | null;
    readonly complexity: { score: number } | null;
    readonly candidates: readonly { model: string; estimatedCostUsd: string }[];
    readonly excluded: readonly { reason: string }[];
    readonly region: string;
  };
}

test('a route is explained without a call: a group, auto with every exclusion, a refusal, and as one key would get it', async () => {
  const explain = async (request: object, more: object = {}) =>
    (await ask<Explained>(EXPLAIN, { input: { request: JSON.stringify(request), ...more } })).explainRoute;
  const messages = [{ role: 'user', content: 'Refactor this function' }];
  const group = await explain({ model: 'ama/smart-code', messages });
  expect(group).toMatchObject({ refusal: null, region: 'us', tier: expect.any(String), complexity: { score: expect.any(Number) } });
  expect(group.candidates.length).toBeGreaterThan(1);
  const auto = await explain({ model: 'auto', messages }, { region: 'us' });
  expect(Number(auto.candidates[0]?.estimatedCostUsd)).toBeGreaterThan(0);
  expect(auto.excluded.length).toBeGreaterThan(10);
  expect(await explain({ model: 'no-such-model', messages })).toMatchObject({ refusalCode: 'model_not_found', candidates: [] });
  expect(await explain({ nonsense: true })).toMatchObject({ refusalCode: 'invalid_request' });

  const { createApiKey: key } = await ask<{ createApiKey: { apiKey: { id: string } } }>(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }',
    { input: { name: 'narrow', models: ['gpt-4o-mini'] } },
  );
  await expect
    .poll(async () => (await explain({ model: 'gpt-4o', messages }, { apiKeyId: key.apiKey.id })).refusalCode, { timeout: 5_000 })
    .toBe('model_not_allowed');
  await expect(explain({ model: 'auto', messages }, { region: 'atlantis' })).rejects.toThrow('service_unavailable');
});

test('nobody but the control plane may ask a node', async () => {
  const body = JSON.stringify({ request: '{"model":"auto","messages":[{"role":"user","content":"x"}]}', keyHash: null });
  const call = async (ticket: string | undefined, sent = body) => {
    const response = await fetch(`${stack.gateway}${EXPLAIN_PATH}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${stack.apiKey}`,
        ...(ticket !== undefined && { [EXPLAIN_TICKET_HEADER]: ticket }),
      },
      body: sent,
    });
    return response.status;
  };
  const good = signExplainTicket(body, stack.secrets.nodeToken, Date.now());
  expect(await call(good)).toBe(200);
  expect(await call(undefined)).toBe(403);
  expect(await call('1.x')).toBe(403);
  expect(await call(signExplainTicket(body, 'another secret', Date.now()))).toBe(403);
  expect(await call(signExplainTicket(body, stack.secrets.nodeToken, Date.now() - 120_000))).toBe(403);
  expect(await call(good, body.replace('auto', 'gpt-4o'))).toBe(403);
});
