/** `POST /internal/routing/explain`: the control plane asks, for an operator, what planning would do. No call is made and nothing is held. */
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { KEY_TEST } from '../../shared/access-document.js';
import { GatewayError } from '../../shared/errors.js';
import { EXPLAIN_PATH, EXPLAIN_TICKET_HEADER, isExplainTicket } from '../../shared/explain-ticket.js';
import { INTERACTIVE } from '../../shared/money.js';
import type { Principal, Snapshot } from '../types.js';
import type { HttpContext } from './context.js';
import { readChatRequest } from './read-chat-request.js';
import { readJson } from './read-json.js';

const call = Compile(
  Type.Object({ request: Type.String(), keyHash: Type.Union([Type.String({ pattern: '^[0-9a-f]{64}$' }), Type.Null()]) }),
);

export function registerExplainForOperator(server: FastifyInstance, context: HttpContext): void {
  server.post(EXPLAIN_PATH, async (request) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const ticket = request.headers[EXPLAIN_TICKET_HEADER];
    if (typeof ticket !== 'string' || !isExplainTicket(ticket, body.toString(), context.nodeToken, Date.now()))
      throw new GatewayError('forbidden', 'Only the control plane may ask this.');
    const asked = readJson(body);
    if (!call.Check(asked)) throw new GatewayError('invalid_request', 'The body is not what the control plane sends.');
    const snapshot = context.stages.snapshot();
    const raw = Buffer.from(asked.request);
    const completion = {
      id: request.id,
      raw,
      body: readChatRequest(raw),
      stream: false,
      includeUsage: false,
      receivedAtMs: Date.now(),
      deadlineMs: 0,
    };
    const principal = principalFor(asked.keyHash, snapshot);
    return context.explainRoute(completion, principal, snapshot, context.stages.health(), context.stages.random);
  });
}

/** Planning reads a caller's policies and nothing else of it. */
function principalFor(keyHash: string | null, snapshot: Snapshot): Principal {
  const nobody = { keyId: '', accountId: '', test: false, keyPolicy: {}, accountPolicy: {}, multiplier: INTERACTIVE, batchItemId: null };
  if (keyHash === null) return nobody;
  const entry = snapshot.access.find(Buffer.from(keyHash, 'hex'));
  if (!entry) throw new GatewayError('not_found', 'This node does not know the key.');
  const { keyId, accountId, keyPolicy, accountPolicy } = entry;
  return { ...nobody, keyId, accountId, keyPolicy, accountPolicy, test: (entry.keyFlags & KEY_TEST) !== 0 };
}
