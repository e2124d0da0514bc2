/**
 * Apollo at `/graphql`. Limits before anything runs: depth, aliases, directives, tokens, cost; no batches; a request that a browser
 * would send without a preflight is refused (CSRF). Introspection and the sandbox page exist in local mode only.
 */
import { timingSafeEqual } from 'node:crypto';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import { ApolloArmor } from '@escape.tech/graphql-armor';
import type { MikroORM } from '@mikro-orm/postgresql';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { buildContext } from '../graphql/context.js';
import { formatErrors } from '../graphql/errors.js';
import { buildGraphqlSchema } from '../graphql/schema.js';
import { hashToken } from '../modules/account/sign-session.js';
import type { RequestContext, Services } from '../modules/context.js';
import { OpenStreams } from '../modules/live/open-streams.js';
import { registerGraphqlStream } from './graphql-stream.js';

export interface GraphqlDependencies {
  readonly orm: MikroORM;
  readonly services: Services;
  readonly nodeToken: string;
  readonly local: boolean;
}

/** The console's largest query has depth 7 and some 600 tokens. */
const LIMITS = { depth: 12, aliases: 20, directives: 10, tokens: 2_000, cost: 10_000 } as const;
/** A BYOK key is the longest thing that is sent. */
const BODY_BYTES = 256 * 1024;

export async function registerGraphql(app: FastifyInstance, dependencies: GraphqlDependencies): Promise<void> {
  const { orm, services, nodeToken, local } = dependencies;
  const armor = new ApolloArmor({
    maxDepth: { n: LIMITS.depth },
    maxAliases: { n: LIMITS.aliases },
    maxDirectives: { n: LIMITS.directives },
    maxTokens: { n: LIMITS.tokens },
    // A list counts for what it may hold; introspection is off outside local mode and would trip the limit.
    costLimit: { maxCost: LIMITS.cost, ignoreIntrospection: true },
    blockFieldSuggestion: { enabled: !local },
  }).protect();
  const schema = buildGraphqlSchema();
  const formatError = formatErrors(app.log);
  const apollo = new ApolloServer<RequestContext>({
    schema,
    validationRules: armor.validationRules,
    introspection: local,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    persistedQueries: false,
    formatError,
    // These are written for any context; exactOptionalPropertyTypes does not see it.
    plugins: [
      ...armor.plugins,
      fastifyApolloDrainPlugin(app),
      local ? ApolloServerPluginLandingPageLocalDefault({ footer: false }) : ApolloServerPluginLandingPageDisabled(),
    ] as ApolloServerPlugin<RequestContext>[],
  });
  await apollo.start();
  const address = clientAddress(nodeToken);
  const contextOf = (request: FastifyRequest, closing?: AbortSignal) =>
    buildContext(services, orm.em.fork(), {
      authorization: request.headers.authorization,
      address: address(request),
      userAgent: request.headers['user-agent'],
      ...(closing && { closing }),
    });
  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    bodyLimit: BODY_BYTES,
    handler: fastifyApolloHandler(apollo, { context: (request) => contextOf(request) }),
  });
  registerGraphqlStream(app, {
    schema,
    rules: armor.validationRules,
    maxTokens: LIMITS.tokens,
    streams: new OpenStreams(services.pool),
    formatError,
    contextOf,
  });
}

/** A node forwards REST calls of customers here and says for whom, proving that it is a node; anybody else is their own address. */
function clientAddress(nodeToken: string): (request: FastifyRequest) => string {
  const expected = hashToken(nodeToken);
  return (request) => {
    const token = request.headers['x-modelapi-node-token'];
    const forwarded = request.headers['x-modelapi-client-address'];
    const isNode = typeof token === 'string' && timingSafeEqual(hashToken(token), expected);
    return isNode && typeof forwarded === 'string' ? forwarded : request.ip;
  };
}
