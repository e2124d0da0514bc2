import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { NodeStatus } from '../../../shared/node-status.js';

const Count = Type.Integer({ minimum: 0 });
const Moment = Type.Number({ minimum: 0 });

/** What a node may say of itself. Members that we do not know pass: a newer node may say more. */
const NodeStatusSchema = Type.Object({
  nodeId: Type.String({ pattern: '^[A-Za-z0-9._-]{1,100}$' }),
  region: Type.String({ minLength: 1, maxLength: 63 }),
  epoch: Count,
  version: Type.String({ maxLength: 100 }),
  url: Type.String({ maxLength: 500 }),
  startedAtMs: Moment,
  reportedAtMs: Moment,
  ready: Type.Boolean(),
  draining: Type.Boolean(),
  appliedRevision: Count,
  appliedFrom: Type.Union([Type.Literal('disk'), Type.Literal('redis'), Type.Literal('control-plane'), Type.Null()]),
  rejected: Type.Union([Type.Object({ revision: Count, reason: Type.String() }), Type.Null()]),
  silenceMs: Type.Number(),
  openRequests: Count,
  spool: Type.Object({ unacknowledged: Count, bytes: Count }),
  endpoints: Type.Array(
    Type.Object({
      endpointId: Type.String(),
      successRate: Type.Number(),
      firstTokenMs: Type.Number(),
      tokensPerSecond: Type.Number(),
      requests: Type.Number(),
      circuit: Type.Union([Type.Literal('closed'), Type.Literal('open'), Type.Literal('half-open')]),
    }),
    { maxItems: 10_000 },
  ),
  restingCredentials: Type.Optional(
    Type.Array(
      Type.Object({
        credentialId: Type.String({ maxLength: 100 }),
        wakes: Count,
        reason: Type.Union([Type.Literal('exhausted'), Type.Literal('refused')]),
        status: Type.Union([Count, Type.Null()]),
        sinceMs: Moment,
        forMs: Moment,
      }),
      { maxItems: 1_000 },
    ),
  ),
});

const check = Compile(NodeStatusSchema);

/** Undefined for anything that is not a status. */
export function parseStatus(value: unknown): NodeStatus | undefined {
  return check.Check(value) ? value : undefined;
}

export function parseStatusText(text: string): NodeStatus | undefined {
  try {
    return parseStatus(JSON.parse(text));
  } catch {
    return undefined;
  }
}
