/**
 * The API of this plane, from the modules' resolvers. `schema.graphql` beside `control-plane/main.ts` is its text: committed, so that a
 * change of the API is read in review, and compared by a test. To add operations, add the resolver class to the list.
 */
import 'reflect-metadata';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync, type NonEmptyArray } from 'type-graphql';
import { AccountResolver } from '../modules/account/account.resolver.js';
import { ApiKeyResolver } from '../modules/api-key/api-key.resolver.js';
import { ByokResolver } from '../modules/byok/byok.resolver.js';
import { DateTimeScalar } from '../modules/fields.js';
import { authorize } from './authorize.js';

// biome-ignore lint/complexity/noBannedTypes: type-graphql's own type for resolver classes
const RESOLVERS: NonEmptyArray<Function> = [AccountResolver, ApiKeyResolver, ByokResolver];

export function buildGraphqlSchema(): GraphQLSchema {
  return buildSchemaSync({
    resolvers: RESOLVERS,
    authChecker: authorize,
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    validate: false,
  });
}

/** The committed text. */
export function printGraphqlSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
