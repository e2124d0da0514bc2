import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { answerSchema } from '../../local/sandbox/schema-answer.js';

const SCHEMAS: Record<string, Record<string, unknown>> = {
  nested: {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 30 },
      tags: { type: 'array', items: { type: 'string', maxLength: 3 }, minItems: 2 },
      kind: { enum: ['a', 'b'] },
      score: { type: 'number', exclusiveMinimum: 10, maximum: 12 },
      step: { type: 'integer', multipleOf: 5 },
      maybe: { type: ['string', 'null'] },
    },
    required: ['name', 'tags', 'kind', 'score', 'step', 'maybe'],
    additionalProperties: false,
  },
  references: {
    type: 'object',
    properties: { owner: { $ref: '#/$defs/person' }, either: { anyOf: [{ $ref: '#/$defs/person' }, { type: 'null' }] } },
    required: ['owner', 'either'],
    $defs: { person: { type: 'object', properties: { age: { type: 'integer', minimum: 18 } }, required: ['age'] } },
  },
  recursive: {
    type: 'object',
    properties: { value: { type: 'string' }, next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
    required: ['value', 'next'],
  },
  merged: {
    allOf: [
      { type: 'object', properties: { a: { const: 1 } }, required: ['a'] },
      { type: 'object', properties: { b: { type: 'boolean' } }, required: ['b'] },
    ],
  },
};

test.each(Object.entries(SCHEMAS))('the answer satisfies its schema: %s', (_, schema) => {
  const validate = new Ajv({ strict: false }).compile(schema);
  expect(validate(answerSchema(schema)), JSON.stringify(validate.errors)).toBe(true);
});
