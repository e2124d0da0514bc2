/**
 * The API of this plane, from the modules' resolvers. `schema.graphql` beside this file is its text: committed, so that a
 * change of the API is read in review, and compared by a test. To add operations, add the resolver class to the list.
 */
import 'reflect-metadata';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray, type PubSub } from 'type-graphql';
import { AccountResolver } from '../modules/account/account.resolver.js';
import { MemberResolver } from '../modules/account/member.resolver.js';
import { AccountOperatorResolver } from '../modules/account/operator.resolver.js';
import { SecurityResolver } from '../modules/account/security.resolver.js';
import { ApiKeyResolver } from '../modules/api-key/api-key.resolver.js';
import { AuditResolver } from '../modules/audit/audit.resolver.js';
import { BatchResolver } from '../modules/batch/batch.resolver.js';
import { BatchOversightResolver } from '../modules/batch/batch-oversight.resolver.js';
import { BillingResolver } from '../modules/billing/billing.resolver.js';
import { OversightResolver } from '../modules/billing/oversight.resolver.js';
import { ReconciliationResolver } from '../modules/billing/reconciliation.resolver.js';
import { StatementResolver } from '../modules/billing/statement.resolver.js';
import { ByokResolver } from '../modules/byok/byok.resolver.js';
import { ImportResolver } from '../modules/catalog/import.resolver.js';
import { EndpointResolver, ModelPriceResolver, ModelResolver } from '../modules/catalog/model.resolver.js';
import { PublicCatalogResolver } from '../modules/catalog/public-catalog.resolver.js';
import { VendorCredentialResolver, VendorResolver } from '../modules/catalog/vendor.resolver.js';
import { DateTimeScalar } from '../modules/fields.js';
import { FleetResolver } from '../modules/fleet/fleet.resolver.js';
import { GatewayResolver } from '../modules/fleet/gateway.resolver.js';
import { LiveResolver } from '../modules/live/live.resolver.js';
import { AutoTopUpResolver } from '../modules/payment/auto-top-up.resolver.js';
import { PaymentResolver } from '../modules/payment/payment.resolver.js';
import { PaymentOversightResolver } from '../modules/payment/payment-oversight.resolver.js';
import { TopUpMethodResolver } from '../modules/payment/top-up-method.resolver.js';
import { RoutingGroupResolver } from '../modules/routing-group/routing-group.resolver.js';
import { UsageResolver } from '../modules/usage/usage.resolver.js';
import { WebhookResolver } from '../modules/webhook/webhook.resolver.js';
import { authorize } from './authorize.js';

// biome-ignore lint/complexity/noBannedTypes: type-graphql's own type for resolver classes
const RESOLVERS: NonEmptyArray<Function> = [
  AccountResolver,
  AccountOperatorResolver,
  MemberResolver,
  SecurityResolver,
  ApiKeyResolver,
  ByokResolver,
  VendorResolver,
  VendorCredentialResolver,
  ModelResolver,
  EndpointResolver,
  ModelPriceResolver,
  RoutingGroupResolver,
  FleetResolver,
  AuditResolver,
  BillingResolver,
  OversightResolver,
  StatementResolver,
  PaymentResolver,
  AutoTopUpResolver,
  UsageResolver,
  WebhookResolver,
  LiveResolver,
  ImportResolver,
  ReconciliationResolver,
  PaymentOversightResolver,
  BatchOversightResolver,
  PublicCatalogResolver,
  GatewayResolver,
  BatchResolver,
  TopUpMethodResolver,
];

/** type-graphql wants one; every subscription here brings its own source (`modules/live`). */
const NO_TOPICS: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new Error('subscriptions follow PostgreSQL, not topics');
  },
};

export function buildGraphqlSchema(): GraphQLSchema {
  return buildSchemaSync({
    resolvers: RESOLVERS,
    authChecker: authorize,
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    pubSub: NO_TOPICS,
    validate: false,
  });
}

/** The committed text. */
export function printGraphqlSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
