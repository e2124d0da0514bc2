/** A call for a customer whom this node has authenticated. The control plane's refusals are of our catalogue and are passed on. */
import { ERRORS, type ErrorCode, GatewayError } from '../../shared/errors.js';
import type { ControlPlaneRequest } from '../types.js';
import type { HttpContext } from './context.js';

/** Resolves with the JSON of a 2xx. Throws GatewayError: the control plane's own, or `service_unavailable`. */
export async function callControlPlane(context: HttpContext, request: ControlPlaneRequest): Promise<Record<string, unknown>> {
  const answer = await context.controlPlane.call({ ...request, headers: { authorization: `Bearer ${context.nodeToken}` } });
  if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.body.toString('utf8') || '{}');
  throw readRefusal(answer.status, answer.body);
}

/** Its own words when they are of our catalogue, else `service_unavailable`. */
export function readRefusal(status: number, answer: Buffer): GatewayError {
  const body: Record<string, unknown> = JSON.parse(answer.toString('utf8') || '{}');
  const { code, message, param, type: _type, ...extra } = (body['error'] ?? {}) as Record<string, unknown>;
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code) || status >= 500)
    return new GatewayError('service_unavailable', 'The account service cannot answer at the moment. Try again shortly.', {
      retryAfterMs: 2_000,
    });
  return new GatewayError(code as ErrorCode, String(message), { extra, ...(typeof param === 'string' ? { param } : {}) });
}
