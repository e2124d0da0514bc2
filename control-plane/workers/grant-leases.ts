/**
 * Leases: `POST /internal/leases`, the ledger's half of `shared/lease.ts`.
 *
 * - A grant is durable (`available -= g, leased += g`) before the node hears of it, and asking again with its id returns the same lease.
 * - No grant passes the wallet or what the key's day, month and total budgets leave, open leases counted as spent (I2, I11).
 * - A release refunds the rest only when count and sum of the lease's settlements match: none can still be on its way.
 * - A silent node's leases are refunded after LEASE_EXPIRY_MS of PostgreSQL's clock; time in which no control plane was up to renew
 *   does not count. What such a node settles later is `platform_loss`.
 * - When PostgreSQL is away the route answers 503 and nothing has moved; nodes go on with the leases they hold.
 * One transaction per account, accounts in parallel: one hot wallet does not hold up the others. Called by nodes only.
 */
import type { FastifyInstance } from 'fastify';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import { type GrantAnswer, type GrantRequest, type LeaseAnswer, type LeaseCall } from '../../shared/lease.js';
import { inTransaction } from '../modules/billing/transaction.js';
import { authorizeNode } from './authorize-node.js';
import { grantToAccount } from './grant-leases-grant.js';
import { releaseLeases, renewLeases } from './grant-leases-return.js';
import { ledgerAway } from './ledger-away.js';
import { countLiveNodes } from './live-nodes.js';

export interface LeaseDependencies {
  readonly pool: Pool;
  readonly nodeToken: string;
}

/** How many of each a call may carry: a node asks for one per account and heartbeat. */
const MAX_PER_CALL = 5_000;

const Uuid = Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' });
/** Non-negative, below 2^63. */
const Amount = Type.String({ pattern: '^[0-9]{1,18}$' });
const LeaseCallSchema = Type.Object({
  nodeId: Type.String({ pattern: '^[A-Za-z0-9._-]{1,100}$' }),
  epoch: Type.Integer({ minimum: 0 }),
  grants: Type.Array(Type.Object({ leaseId: Uuid, accountId: Uuid, keyId: Uuid, estimateNano: Amount, burnPerSecondNano: Amount }), {
    maxItems: MAX_PER_CALL,
  }),
  renewals: Type.Array(Uuid, { maxItems: MAX_PER_CALL }),
  releases: Type.Array(Type.Object({ leaseId: Uuid, count: Type.Integer({ minimum: 0 }), sumNano: Amount }), { maxItems: MAX_PER_CALL }),
});

export function registerLeaseRoutes(app: FastifyInstance, dependencies: LeaseDependencies): void {
  app.post<{ Body: LeaseCall }>(
    '/internal/leases',
    { schema: { body: LeaseCallSchema }, onRequest: authorizeNode(dependencies.nodeToken) },
    (request) => answerLeaseCall(dependencies.pool, request.body).catch(ledgerAway),
  );
}

/** Releases first: what they refund can be granted in the same call. */
export async function answerLeaseCall(pool: Pool, call: LeaseCall): Promise<LeaseAnswer> {
  const releases = await releaseLeases(pool, call.nodeId, call.releases);
  const [renewed, grants] = await Promise.all([renewLeases(pool, call.nodeId, call.renewals), grantAll(pool, call)]);
  return { grants, renewed, releases };
}

async function grantAll(pool: Pool, call: LeaseCall): Promise<GrantAnswer[]> {
  if (call.grants.length === 0) return [];
  const liveNodes = await countLiveNodes(pool);
  const node = { id: call.nodeId, epoch: call.epoch, liveNodes };
  const groups = Map.groupBy(call.grants, (grant) => grant.accountId);
  const answers = await Promise.all(
    [...groups].map(([accountId, grants]) => inTransaction(pool, (client) => grantToAccount(client, node, accountId, grants))),
  );
  const byLease = new Map(answers.flat().map((answer) => [answer.leaseId, answer]));
  return call.grants.map((grant) => answerFor(byLease, grant));
}

function answerFor(answers: ReadonlyMap<string, GrantAnswer>, grant: GrantRequest): GrantAnswer {
  const answer = answers.get(grant.leaseId);
  if (!answer) throw new Error(`grant ${grant.leaseId} was not answered`);
  return answer;
}
