/** A small JSON body, checked: what the account endpoints take. */
import type { FastifyRequest } from 'fastify';
import type { Static, TObject } from 'typebox';
import { Check } from 'typebox/value';
import { GatewayError } from '../../shared/errors.js';
import { describeMismatch } from './describe-mismatch.js';
import { readJson } from './read-json.js';

/** An absent body is an empty object. Throws GatewayError `invalid_request` whose `param` names the member. */
export function readBody<Schema extends TObject>(request: FastifyRequest, schema: Schema): Static<Schema> {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const body = raw.length === 0 ? {} : readJson(raw);
  if (Check(schema, body)) return body;
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new GatewayError('invalid_request', 'The body must be a JSON object.');
  for (const [name, member] of Object.entries(schema.properties)) {
    const value: unknown = Reflect.get(body, name);
    if (value === undefined && !schema.required?.includes(name)) continue;
    const mismatch = describeMismatch(member, value, name);
    if (mismatch)
      throw new GatewayError('invalid_request', mismatch.message, mismatch.param === undefined ? {} : { param: mismatch.param });
  }
  throw new GatewayError('invalid_request', 'The body does not match the schema at /openapi.json.');
}
