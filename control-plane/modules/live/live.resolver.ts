/**
 * Subscriptions: the same values as the queries of these names give, whole, whenever they differ. Served by `http/graphql-stream.ts`,
 * which closes them with the session. Nothing here is needed: a client that cannot hold a stream asks the queries from time to time.
 */
import { Arg, Authorized, ID, Resolver, Root, type SubscribeResolverData, Subscription } from 'type-graphql';
import { publicBatchId, readBatchId } from '../../../shared/batch.js';
import { GatewayError } from '../../../shared/errors.js';
import { requireActor } from '../actor.js';
import { Wallet } from '../billing/wallet.entity.js';
import type { RequestContext } from '../context.js';
import { FleetNode } from '../fleet/fleet.shapes.js';
import { listNodes } from '../fleet/list-nodes.js';
import { follow } from './follow.js';
import { BatchProgress } from './live.shapes.js';

type Opening = SubscribeResolverData<unknown, Record<string, unknown>, RequestContext>;

/** What a lost hint hid is seen within this. */
const LOOK_ANYWAY_MS = 5_000;
/** Batches that are shown when none is named. */
const NEWEST_BATCHES = 50;

@Resolver()
export class LiveResolver {
  @Authorized('billing:read')
  @Subscription(() => Wallet, { subscribe: followWallet })
  walletChanged(@Root() wallet: Wallet): Wallet {
    return wallet;
  }

  @Authorized('batches:read')
  @Subscription(() => [BatchProgress], {
    subscribe: followBatches,
    description: `One batch, or the newest ${NEWEST_BATCHES} of the account.`,
  })
  batchProgress(@Root() batches: BatchProgress[], @Arg('id', () => ID, { nullable: true }) _id: string | null): BatchProgress[] {
    return batches;
  }

  @Authorized('operator')
  @Subscription(() => [FleetNode], { subscribe: followFleet, description: 'Every node of the last 30 days.' })
  fleetChanged(@Root() nodes: FleetNode[]): FleetNode[] {
    return nodes;
  }
}

function followWallet({ context }: Opening): AsyncIterable<Wallet> {
  const { accountId } = requireActor(context);
  const read = () => context.em.fork().findOneOrFail(Wallet, { accountId });
  const textOf = (wallet: Wallet) => `${wallet.available} ${wallet.leased} ${wallet.debt}`;
  return follow({ read, textOf, wait: (signal) => context.services.live.next(accountId, LOOK_ANYWAY_MS, signal) }, context.closing);
}

function followBatches({ context, args }: Opening): AsyncIterable<BatchProgress[]> {
  const { accountId } = requireActor(context);
  const asked = typeof args['id'] === 'string' ? readBatchId(args['id']) : null;
  if (asked === undefined) throw new GatewayError('not_found', 'There is no such batch.', { param: 'id' });
  const read = () => readProgress(context, accountId, asked);
  const wait = (signal: AbortSignal) => context.services.live.next(accountId, LOOK_ANYWAY_MS, signal);
  return follow({ read, textOf: JSON.stringify, wait }, context.closing);
}

interface ProgressRow {
  readonly id: string;
  readonly status: string;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

async function readProgress(context: RequestContext, accountId: string, batchId: string | null): Promise<BatchProgress[]> {
  const { rows } = await context.pool.query<ProgressRow>(
    `SELECT id, status, total, completed, failed, created_at, finished_at FROM batch
     WHERE account_id = $1 AND ($2::uuid IS NULL OR id = $2) ORDER BY id DESC LIMIT ${NEWEST_BATCHES}`,
    [accountId, batchId],
  );
  return rows.map(({ id, created_at: createdAt, finished_at: finishedAt, ...counts }) => ({
    ...counts,
    id: publicBatchId(id),
    createdAt,
    finishedAt,
  }));
}

function followFleet({ context }: Opening): AsyncIterable<FleetNode[]> {
  requireActor(context);
  const { fleet } = context.services;
  const read = () => listNodes(context.em.fork(), fleet);
  return follow({ read, textOf: JSON.stringify, wait: (signal) => fleet.nextStatus(LOOK_ANYWAY_MS, signal) }, context.closing);
}
