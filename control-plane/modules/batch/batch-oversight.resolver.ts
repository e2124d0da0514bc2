import { Arg, Args, Authorized, Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import { publicBatchId } from '../../../shared/batch.js';
import { GatewayError } from '../../../shared/errors.js';
import { formatUsd } from '../../../shared/money.js';
import { decodeCursor, type Page, pageSize, toPage, UUID_PATTERN } from '../../db/find-page.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { BatchProgress } from '../live/live.shapes.js';

@ObjectType({ description: 'A batch as the operator sees it: how far it is and whose, never what is in it.' })
export class HouseBatch extends BatchProgress {
  @Field(() => ID)
  accountId!: string;

  @Field(() => String)
  accountName!: string;

  @Field(() => String, { description: 'What may be spent at most.' })
  ceilingUsd!: string;
}

const HouseBatchConnection = connectionOf('HouseBatch', HouseBatch);

type BatchRow = Omit<HouseBatch, 'ceilingUsd'> & { ceiling: string; cursor: string };

@Resolver()
export class BatchOversightResolver {
  @Authorized('operator')
  @Query(() => HouseBatchConnection, { description: 'Of all customers, newest first.' })
  async houseBatches(
    @Ctx() { pool }: RequestContext,
    @Args(() => PageArguments) page: PageArguments,
    @Arg('unfinished', () => Boolean, { defaultValue: false, description: 'Only those that are not done.' }) unfinished: boolean,
  ): Promise<Page<HouseBatch>> {
    const size = pageSize(page);
    const after = page.after ? decodeCursor(page.after) : null;
    if (after !== null && !UUID_PATTERN.test(after))
      throw new GatewayError('invalid_request', 'after is not a cursor of this list.', { param: 'after' });
    const { rows } = await pool.query<BatchRow>(
      `SELECT batch.id AS cursor, account_id AS "accountId", account.name AS "accountName", batch.status, total, completed, failed, ceiling,
         batch.created_at AS "createdAt", finished_at AS "finishedAt"
       FROM batch JOIN account ON account.id = account_id
       WHERE ${unfinished ? 'finished_at IS NULL' : 'true'} AND ($2::uuid IS NULL OR batch.id < $2) ORDER BY batch.id DESC LIMIT $1`,
      [size + 1, after],
    );
    const { edges, pageInfo } = toPage(rows, size, (row) => row.cursor);
    return { pageInfo, edges: edges.map(({ cursor, node }) => ({ cursor, node: toHouseBatch(node) })) };
  }
}

function toHouseBatch({ cursor, ceiling, ...row }: BatchRow): HouseBatch {
  return { ...row, id: publicBatchId(cursor), ceilingUsd: formatUsd(BigInt(ceiling)) };
}
