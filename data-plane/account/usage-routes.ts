/** Usage per day, model and key. */
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { GatewayError } from '../../shared/errors.js';
import { type AccountRoutes, callAsSession } from './account-context.js';
import { snakeCased } from './letter-case.js';

const DIMENSIONS = ['day', 'model', 'key'];
const COUNTS = 'requests errors promptTokens cachedTokens completionTokens reasoningTokens costUsd';
const USAGE = `query ($from: DateTime, $to: DateTime, $groupBy: [UsageDimension!]) {
  usage(from: $from, to: $to, groupBy: $groupBy) { rows { date model keyId ${COUNTS} byok } totals { ${COUNTS} } }
}`;

export const usageRoutes: AccountRoutes = {
  descriptions: [
    {
      method: 'GET',
      path: '/v1/usage',
      summary: 'Usage per day and model',
      tag: 'Account',
      security: 'session',
      query: {
        from: { description: 'ISO 8601 day or time.', schema: Type.String() },
        to: { description: 'ISO 8601 day or time.', schema: Type.String() },
        group_by: { description: 'Of `day,model,key`.', schema: Type.String() },
      },
      answers: { '200': { description: '`{object: "list", data: [row], totals}`' } },
    },
  ],
  register(server, context) {
    server.get('/v1/usage', async (request, reply) => {
      const { usage } = await callAsSession(context, request, USAGE, () => variables(request));
      const { rows = [], totals = null } = Object(usage);
      return reply.send({ object: 'list', data: snakeCased(rows), totals: snakeCased(totals) });
    });
  },
};

function variables(request: FastifyRequest): Record<string, unknown> {
  const { from, to, group_by: groupBy } = Object(request.query);
  return { from: moment(from, 'from'), to: moment(to, 'to'), groupBy: dimensions(groupBy) };
}

function moment(value: unknown, name: string): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}/.test(value) || Number.isNaN(Date.parse(value)))
    throw new GatewayError('invalid_request', `Invalid '${name}': must be an ISO 8601 day or time.`, { param: name });
  return new Date(value).toISOString();
}

function dimensions(value: unknown): string[] | null {
  if (value === undefined) return null;
  const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : [];
  if (names.length === 0 || names.some((name) => !DIMENSIONS.includes(name)))
    throw new GatewayError('invalid_request', `Invalid 'group_by': a list of ${DIMENSIONS.join(', ')}.`, { param: 'group_by' });
  return [...new Set(names)];
}
