/** `/openapi.json`: OpenAPI 3.1, made from what the routes say of themselves and from the schemas that check requests. */
import type { TSchema } from 'typebox';
import { ERRORS } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';

const ERROR_SCHEMA = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'] },
        code: { type: 'string', enum: Object.keys(ERRORS) },
      },
    },
  },
};

export function openApiDocument(routes: readonly RouteDescription[], serverUrl: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    operations[route.method.toLowerCase()] = operation(route);
    paths[route.path] = operations;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'ModelAPI',
      version: '1',
      description: 'OpenAI-compatible gateway. Gateway endpoints take an API key, account endpoints a session token from /auth/login.',
    },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      schemas: { Error: ERROR_SCHEMA },
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'API key: sk-ama-...' },
        session: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Token from /auth/login; a cookie works too.' },
      },
    },
  };
}

function operation(route: RouteDescription): Record<string, unknown> {
  return {
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: [route.tag],
    security: route.security === 'none' ? [] : [{ [route.security]: [] }],
    parameters: parameters(route),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { [route.bodyType ?? 'application/json']: { schema: route.body } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [
          status,
          { description: answer.description, ...(answer.schema === undefined ? {} : { content: json(answer.schema) }) },
        ]),
      ),
      default: {
        description: 'An error of the catalogue.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

function json(schema: TSchema): Record<string, unknown> {
  return { 'application/json': { schema } };
}

function parameters(route: RouteDescription): Record<string, unknown>[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(route.query ?? {}).map(([name, parameter]) => ({ name, in: 'query', required: false, ...parameter }));
  return [...inPath, ...inQuery];
}
