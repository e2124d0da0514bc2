/** What smart groups chose: requests and revenue by group and tier, from the house's own sums. */
import type { Pool } from 'pg';
import { Field, Float, ObjectType } from 'type-graphql';
import { formatUsd } from '../../../shared/money.js';

@ObjectType({ description: 'One tier of one smart group.' })
export class TierShare {
  @Field(() => String)
  group!: string;

  @Field(() => String, { description: 'frontier, standard or value.' })
  tier!: string;

  @Field(() => Float)
  requests!: number;

  @Field(() => Float, { description: "Of the group's requests, 0 to 1." })
  share!: number;

  @Field(() => String, { description: 'Paid by customers, decimal string of USD.' })
  revenueUsd!: string;

  @Field(() => String, { description: 'Of one request on average.' })
  revenuePerRequestUsd!: string;
}

interface TierRow {
  readonly asked_group: string;
  readonly tier: string;
  readonly requests: string;
  readonly charge: string;
  readonly of_group: string;
}

/** The last `days` days, UTC, today included. */
export async function reportTiers(pool: Pool, days: number): Promise<TierShare[]> {
  const { rows } = await pool.query<TierRow>(
    `SELECT asked_group, tier, sum(requests) AS requests, sum(charge) AS charge, sum(sum(requests)) OVER (PARTITION BY asked_group) AS of_group
     FROM house_rollup WHERE day > (now() AT TIME ZONE 'UTC')::date - $1::integer AND tier <> '' GROUP BY 1, 2 ORDER BY 1, 2`,
    [days],
  );
  return rows.map((row) => ({
    group: row.asked_group,
    tier: row.tier,
    requests: Number(row.requests),
    share: Number(row.requests) / Number(row.of_group),
    revenueUsd: formatUsd(BigInt(row.charge)),
    revenuePerRequestUsd: formatUsd(BigInt(row.charge) / BigInt(row.requests)),
  }));
}
