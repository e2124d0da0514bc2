import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildGraphqlSchema, printGraphqlSchema } from '../../control-plane/graphql/schema.js';

const COMMITTED = join(import.meta.dirname, '../../control-plane/graphql/schema.graphql');

test('the committed schema is the one that the resolvers make (npm run schema writes it)', () => {
  expect(readFileSync(COMMITTED, 'utf8')).toBe(printGraphqlSchema(buildGraphqlSchema()));
});

test('no field of any type gives out a secret', () => {
  const printed = printGraphqlSchema(buildGraphqlSchema());
  const suspicious = printed.match(/^\s+\w*(passwordHash|hash|sealed|wrappedKey|totpSecret|recoveryHashes|sealingPrivate)\w*[(:]/gm) ?? [];
  expect(suspicious).toEqual([]);
});
