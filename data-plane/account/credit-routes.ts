/** The wallet: balance and ledger, and putting money in. Amounts are decimal strings of USD. */
import type { FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { GatewayError } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';
import { type AccountRoutes, callAsSession } from './account-context.js';
import { snakeCased } from './letter-case.js';

const MAX_PAGE = 200;
const DEFAULT_PAGE = 50;
const NewTopUp = Type.Object({
  amount_usd: Type.Union([Type.String({ pattern: '^\\d{1,10}(\\.\\d{1,9})?$' }), Type.Number({ minimum: 0, maximum: 1e9 })]),
  method: Type.Union([Type.Literal('card'), Type.Literal('wechat_pay'), Type.Literal('alipay'), Type.Literal('usdt')]),
  network: Type.Optional(Type.String({ maxLength: 50 })),
  success_url: Type.Optional(Type.String({ maxLength: 2_000 })),
  cancel_url: Type.Optional(Type.String({ maxLength: 2_000 })),
});

const CREDITS = `query ($first: Int, $after: String) {
  wallet { balanceUsd leasedUsd }
  ledger(first: $first, after: $after) {
    edges { cursor node { id kind amountUsd balanceAfterUsd reference reason createdAt } } pageInfo { endCursor hasNextPage }
  }
}`;
const TOP_UP = '{ id status checkoutUrl deposit { address network contract amount expiresAt } }';
const CREATE_TOP_UP = `mutation ($input: CreateTopUpInput!) { createTopUp(input: $input) ${TOP_UP} }`;
const FIND_TOP_UP = `query ($id: ID!) { topUp(id: $id) ${TOP_UP} }`;

const descriptions: readonly RouteDescription[] = [
  {
    ...account('GET', '/v1/credits', 'Balance and ledger'),
    query: {
      limit: {
        description: `Ledger lines, 1 to ${MAX_PAGE}; ${DEFAULT_PAGE} when absent.`,
        schema: Type.Integer({ minimum: 1, maximum: MAX_PAGE }),
      },
      after: { description: '`ledger.next` of the page before.', schema: Type.String() },
    },
    answers: { '200': { description: '`{balance_usd, leased_usd, ledger: {data, has_more, next}}`' } },
  },
  {
    ...account('POST', '/v1/credits/topup', 'Put money in'),
    description: 'Card, WeChat Pay and Alipay answer with `checkout_url`; USDT with a `deposit` address.',
    body: NewTopUp,
    answers: { '201': { description: '`{id, status, checkout_url}` or `{id, status, deposit}`' } },
  },
  { ...account('GET', '/v1/credits/topup/{id}', 'Look at a top-up'), answers: { '200': { description: 'The top-up.' } } },
];

function account(method: RouteDescription['method'], path: string, summary: string) {
  return { method, path, summary, tag: 'Account', security: 'session' } as const;
}

export const creditRoutes: AccountRoutes = {
  descriptions,
  register(server, context) {
    server.get('/v1/credits', async (request, reply) => {
      const { wallet, ledger } = await callAsSession(context, request, CREDITS, () => page(request));
      return reply.send({ object: 'credits', ...Object(snakeCased(wallet)), ledger: ledgerPage(ledger) });
    });

    server.post('/v1/credits/topup', async (request, reply) => {
      const input = () => topUpInput(context.readBody(request, NewTopUp));
      const { createTopUp } = await callAsSession(context, request, CREATE_TOP_UP, () => ({ input: input() }));
      return reply.status(201).send(topUp(createTopUp));
    });

    server.get<{ Params: { id: string } }>('/v1/credits/topup/:id', async (request, reply) => {
      const { topUp: found } = await callAsSession(context, request, FIND_TOP_UP, () => ({ id: request.params.id }));
      if (!found) throw new GatewayError('not_found', 'There is no such top-up.', { param: 'id' });
      return reply.send(topUp(found));
    });
  },
};

function topUpInput(body: Static<typeof NewTopUp>): Record<string, unknown> {
  return {
    amountUsd: String(body.amount_usd),
    method: body.method,
    ...(body.network === undefined ? {} : { network: body.network }),
    ...(body.success_url === undefined ? {} : { successUrl: body.success_url }),
    ...(body.cancel_url === undefined ? {} : { cancelUrl: body.cancel_url }),
  };
}

function page(request: FastifyRequest): { first: number; after: string | null } {
  const { limit, after } = Object(request.query);
  const first = limit === undefined ? DEFAULT_PAGE : Number(limit);
  if (!Number.isInteger(first) || first < 1 || first > MAX_PAGE)
    throw new GatewayError('invalid_request', `Invalid 'limit': must be 1 to ${MAX_PAGE}.`, { param: 'limit' });
  return { first, after: typeof after === 'string' ? after : null };
}

function ledgerPage(ledger: unknown): Record<string, unknown> {
  const { edges, pageInfo } = Object(ledger);
  const data = Array.isArray(edges) ? edges.map((edge) => snakeCased(Object(edge).node)) : [];
  const { hasNextPage = false, endCursor = null } = Object(pageInfo);
  return { data, has_more: hasNextPage, next: hasNextPage ? endCursor : null };
}

function topUp(answer: unknown): Record<string, unknown> {
  const { deposit, checkoutUrl, ...rest } = Object(answer);
  return {
    object: 'topup',
    ...Object(snakeCased(rest)),
    ...(checkoutUrl ? { checkout_url: checkoutUrl } : {}),
    ...(deposit ? { deposit: snakeCased(deposit) } : {}),
  };
}
