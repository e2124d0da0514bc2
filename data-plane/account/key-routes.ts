/** API keys: list, create (the key is shown once), revoke (with how many nodes know), rotate. */
import Type, { type Static } from 'typebox';
import { GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import { type AccountRoutes, callAsSession } from './account-context.js';
import { snakeCased } from './letter-case.js';

const Limit = Type.Optional(Type.Union([Type.Integer({ minimum: 1, maximum: 2_000_000_000 }), Type.Null()]));
const Budget = Type.Optional(
  Type.Union([Type.String({ pattern: '^\\d{1,10}(\\.\\d{1,9})?$' }), Type.Number({ minimum: 0, maximum: 1e9 }), Type.Null()]),
);
const Names = Type.Optional(Type.Union([Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 1000 }), Type.Null()]));
const NewKey = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  test: Type.Optional(Type.Boolean()),
  models: Names,
  ip_allowlist: Names,
  regions: Names,
  expires_at: Type.Optional(Type.Union([Type.String({ minLength: 10, maxLength: 40 }), Type.Null()])),
  limits: Type.Optional(
    Type.Object({ rpm: Limit, tpm: Limit, concurrency: Limit, daily_usd: Budget, monthly_usd: Budget, total_usd: Budget }),
  ),
  byok: Type.Optional(
    Type.Array(
      Type.Object({
        provider: Type.String({ minLength: 1, maxLength: 100 }),
        api_key: Type.String({ minLength: 1, maxLength: 10_000 }),
        base_url: Type.Optional(Type.String({ maxLength: 2_000 })),
        mode: Type.Optional(Type.Union([Type.Literal('prefer'), Type.Literal('only')])),
      }),
      { maxItems: 50 },
    ),
  ),
});
/** Long enough to roll a deployment over. */
const MAX_GRACE_SECONDS = 30 * 24 * 3600;
const Rotation = Type.Object({ grace_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_GRACE_SECONDS })) });

const KEY = `{ id name prefix last4 test models ipAllowlist regions createdAt lastUsedAt expiresAt status
  limits { requestsPerMinute tokensPerMinute concurrency dailyUsd monthlyUsd totalUsd } byok { provider last4 mode } }`;
const LIST = `query { apiKeys ${KEY} }`;
const CREATE = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey ${KEY} } }`;
const REVOKE = 'mutation ($id: ID!) { revokeApiKey(id: $id) { id acknowledged nodes } }';
const ROTATE = `mutation ($id: ID!, $graceSeconds: Int!) { rotateApiKey(id: $id, graceSeconds: $graceSeconds) { key apiKey ${KEY} } }`;
const ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

const descriptions: readonly RouteDescription[] = [
  { ...account('GET', '/v1/keys', 'List API keys'), answers: { '200': { description: '`{object: "list", data: [key]}`' } } },
  {
    ...account('POST', '/v1/keys', 'Create an API key'),
    description: 'Optionally with vendor keys of your own (BYOK).',
    body: NewKey,
    answers: { '201': { description: 'The key with `key`, which is shown this once.' } },
  },
  {
    ...account('DELETE', '/v1/keys/{id}', 'Revoke an API key'),
    answers: { '200': { description: '`{id, deleted: true, propagated: {acknowledged, nodes}}`' } },
  },
  {
    ...account('POST', '/v1/keys/{id}/rotate', 'Replace an API key'),
    description: 'The old key keeps working for `grace_seconds`.',
    body: Rotation,
    answers: { '201': { description: 'The new key with `key`, which is shown this once.' } },
  },
];

function account(method: RouteDescription['method'], path: string, summary: string) {
  return { method, path, summary, tag: 'Account', security: 'session' } as const;
}

export const keyRoutes: AccountRoutes = {
  descriptions,
  register(server, context) {
    server.get('/v1/keys', async (request, reply) => {
      const { apiKeys } = await callAsSession(context, request, LIST);
      return reply.send({ object: 'list', data: Array.isArray(apiKeys) ? apiKeys.map(toRest) : [] });
    });

    server.post('/v1/keys', async (request, reply) => {
      const input = () => toInput(context.readBody(request, NewKey));
      const { createApiKey } = await callAsSession(context, request, CREATE, () => ({ input: input() }));
      return reply.status(201).header('cache-control', 'no-store').send(withSecret(createApiKey));
    });

    server.delete<{ Params: { id: string } }>('/v1/keys/:id', async (request, reply) => {
      const { revokeApiKey } = await callAsSession(context, request, REVOKE, () => ({ id: keyId(request.params.id) }));
      const { id, acknowledged, nodes } = Object(revokeApiKey);
      return reply.send({ id, deleted: true, propagated: { acknowledged, nodes } });
    });

    server.post<{ Params: { id: string } }>('/v1/keys/:id/rotate', async (request, reply) => {
      const { rotateApiKey } = await callAsSession(context, request, ROTATE, () => {
        const { grace_seconds: graceSeconds = 0 } = context.readBody(request, Rotation);
        return { id: keyId(request.params.id), graceSeconds };
      });
      return reply.status(201).header('cache-control', 'no-store').send(withSecret(rotateApiKey));
    });
  },
};

function keyId(id: string): string {
  if (!ID.test(id)) throw new GatewayError('not_found', `There is no API key '${id.slice(0, 100)}'.`, { param: 'id' });
  return id;
}

function toInput(body: Static<typeof NewKey>): Record<string, unknown> {
  const { ip_allowlist: ipAllowlist, expires_at: expiresAt, limits, byok, ...rest } = body;
  return {
    ...rest,
    ...(ipAllowlist === undefined ? {} : { ipAllowlist }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(limits === undefined ? {} : { limits: limitsInput(limits) }),
    ...(byok === undefined
      ? {}
      : {
          byok: byok.map(({ provider, api_key: apiKey, base_url: baseUrl, mode }) => ({
            provider,
            apiKey,
            ...(baseUrl === undefined ? {} : { baseUrl }),
            ...(mode === undefined ? {} : { mode }),
          })),
        }),
  };
}

function limitsInput(limits: NonNullable<Static<typeof NewKey>['limits']>): Record<string, unknown> {
  return {
    requestsPerMinute: limits.rpm ?? null,
    tokensPerMinute: limits.tpm ?? null,
    concurrency: limits.concurrency ?? null,
    dailyUsd: decimal(limits.daily_usd),
    monthlyUsd: decimal(limits.monthly_usd),
    totalUsd: decimal(limits.total_usd),
  };
}

function decimal(amount: string | number | null | undefined): string | null {
  if (amount === null || amount === undefined) return null;
  return typeof amount === 'number' ? amount.toFixed(9).replace(/\.?0+$/, '') : amount;
}

function toRest(key: unknown): Record<string, unknown> {
  const { limits, models, ipAllowlist, regions, ...rest } = Object(key);
  const { requestsPerMinute, tokensPerMinute, ...others } = Object(limits);
  return {
    object: 'api_key',
    ...Object(snakeCased(rest)),
    scopes: snakeCased({ models, ipAllowlist, regions }),
    limits: { rpm: requestsPerMinute ?? null, tpm: tokensPerMinute ?? null, ...Object(snakeCased(others)) },
  };
}

function withSecret(answer: unknown): Record<string, unknown> {
  const { key, apiKey } = Object(answer);
  return { ...toRest(apiKey), key };
}
