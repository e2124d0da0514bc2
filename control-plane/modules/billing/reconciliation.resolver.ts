/** How far the reconciler has come, what it froze, and the last seal: whether the ledger is as it should be, on one screen. */
import type { Pool } from 'pg';
import { Authorized, Ctx, Field, ID, Int, ObjectType, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../context.js';

@ObjectType()
export class FrozenAccount {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String)
  reason!: string;

  @Field(() => Date)
  since!: Date;
}

@ObjectType()
export class LedgerSeal {
  @Field(() => String, { description: 'YYYY-MM-DD, UTC.' })
  day!: string;

  @Field(() => Int)
  accounts!: number;

  @Field(() => String, { description: 'SHA-256 over every account and the head of its chain.' })
  digest!: string;
}

@ObjectType()
export class Reconciliation {
  @Field(() => Int)
  accounts!: number;

  @Field(() => Int, { description: 'Found right at least once.' })
  checkedAccounts!: number;

  @Field(() => Date, { nullable: true, description: 'The account that was compared longest ago.' })
  oldestCheckAt!: Date | null;

  @Field(() => [FrozenAccount], { description: 'At most 100.' })
  frozen!: FrozenAccount[];

  @Field(() => LedgerSeal, { nullable: true })
  lastSeal!: LedgerSeal | null;
}

@Resolver()
export class ReconciliationResolver {
  @Authorized('operator')
  @Query(() => Reconciliation)
  async reconciliation(@Ctx() { pool }: RequestContext): Promise<Reconciliation> {
    const [counts, frozen, lastSeal] = await Promise.all([readCounts(pool), readFrozen(pool), readSeal(pool)]);
    return { ...counts, frozen, lastSeal };
  }
}

async function readCounts(pool: Pool): Promise<Pick<Reconciliation, 'accounts' | 'checkedAccounts' | 'oldestCheckAt'>> {
  const { rows } = await pool.query<{ accounts: string; checked: string; oldest: Date | null }>(
    `SELECT (SELECT count(*) FROM wallet) AS accounts, count(*) AS checked, min(checked_at) AS oldest FROM reconciliation`,
  );
  const [row] = rows;
  return { accounts: Number(row?.accounts ?? 0), checkedAccounts: Number(row?.checked ?? 0), oldestCheckAt: row?.oldest ?? null };
}

async function readFrozen(pool: Pool): Promise<FrozenAccount[]> {
  const { rows } = await pool.query<FrozenAccount>(
    `SELECT id, name, frozen_reason AS reason, frozen_at AS since FROM account WHERE frozen_at IS NOT NULL ORDER BY frozen_at DESC LIMIT 100`,
  );
  return rows;
}

async function readSeal(pool: Pool): Promise<LedgerSeal | null> {
  const { rows } = await pool.query<{ day: string; accounts: string; hash: Buffer }>(
    `SELECT to_char(day, 'YYYY-MM-DD') AS day, accounts, hash FROM ledger_seal ORDER BY ledger_seal.day DESC LIMIT 1`,
  );
  const [row] = rows;
  return row ? { day: row.day, accounts: Number(row.accounts), digest: row.hash.toString('hex') } : null;
}
