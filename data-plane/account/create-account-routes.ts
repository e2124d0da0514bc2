/**
 * The REST account endpoints: thin. Each checks its body and the session, asks one GraphQL operation of the control plane, and renames
 * members. They keep nothing; with the control plane away they answer 503 with retry-after and completions go on. Mounted by app.ts.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static, TObject } from 'typebox';
import type { RouteDescription } from '../route-description.js';
import type { ControlPlane } from '../types.js';
import type { AccountContext } from './account-context.js';
import { authRoutes } from './auth-routes.js';
import { creditRoutes } from './credit-routes.js';
import { createGraphqlClient } from './graphql-client.js';
import { keyRoutes } from './key-routes.js';
import { createRequireSession } from './session.js';
import { usageRoutes } from './usage-routes.js';

export interface AccountOptions {
  readonly controlPlane: ControlPlane;
  readonly nodeToken: string;
  /** Raw Ed25519, base64url. */
  readonly jwtPublicKey: string;
  readonly publicUrl: string;
  readonly readBody: <Schema extends TObject>(request: FastifyRequest, schema: Schema) => Static<Schema>;
}

export function createAccountRoutes(options: AccountOptions): {
  readonly descriptions: readonly RouteDescription[];
  register(server: FastifyInstance): void;
} {
  const { origin } = new URL(options.publicUrl);
  const context: AccountContext = {
    requireSession: createRequireSession(options.jwtPublicKey, origin),
    callGraphql: createGraphqlClient(options.controlPlane, options.nodeToken),
    readBody: options.readBody,
    origin,
  };
  const groups = [authRoutes, keyRoutes, creditRoutes, usageRoutes];
  return {
    descriptions: groups.flatMap((group) => group.descriptions),
    register: (server) => {
      for (const group of groups) group.register(server, context);
    },
  };
}
