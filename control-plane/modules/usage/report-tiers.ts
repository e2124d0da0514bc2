/**
 * What smart groups chose: requests, revenue and margin by group and tier, from the house's own sums. Cost is an estimate from what the
 * vendors charge for the models now, as in `report-revenue.ts`.
 */
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

  @Field(() => String, { description: 'What vendors charge for it at their prices of today; nothing for customers’ own keys.' })
  costUsd!: string;

  @Field(() => String, { description: 'Revenue less cost.' })
  marginUsd!: string;
}

interface TierRow {
  readonly asked_group: string;
  readonly tier: string;
  readonly requests: string;
  readonly charge: string;
  readonly of_group: string;
  readonly cost: string;
}

const PICO_PER_NANO = 1_000;

/** The last `days` days, UTC, today included. */
export async function reportTiers(pool: Pool, days: number): Promise<TierShare[]> {
  const { rows } = await pool.query<TierRow>(
    `SELECT asked_group, tier, sum(requests) AS requests, sum(charge) AS charge, sum(sum(requests)) OVER (PARTITION BY asked_group) AS of_group,
       trunc(coalesce(sum(CASE WHEN byok THEN 0 ELSE input_uncached * (rates ->> 'inputUncached')::numeric + cache_read * (rates ->> 'cacheRead')::numeric
         + cache_write * (rates ->> 'cacheWrite5m')::numeric + output * (rates ->> 'output')::numeric
         + requests * (rates ->> 'requests')::numeric END), 0) / ${PICO_PER_NANO}) AS cost
     FROM house_rollup LEFT JOIN (
       SELECT DISTINCT ON (model_id, vendor_id) model_id, vendor_id, endpoint.cost AS rates FROM endpoint ORDER BY model_id, vendor_id, id
     ) AS paid ON paid.model_id = house_rollup.model AND paid.vendor_id = house_rollup.vendor_id
     WHERE day > (now() AT TIME ZONE 'UTC')::date - $1::integer AND tier <> '' GROUP BY 1, 2 ORDER BY 1, 2`,
    [days],
  );
  return rows.map((row) => ({
    group: row.asked_group,
    tier: row.tier,
    requests: Number(row.requests),
    share: Number(row.requests) / Number(row.of_group),
    revenueUsd: formatUsd(BigInt(row.charge)),
    revenuePerRequestUsd: formatUsd(BigInt(row.charge) / BigInt(row.requests)),
    costUsd: formatUsd(BigInt(row.cost)),
    marginUsd: formatUsd(BigInt(row.charge) - BigInt(row.cost)),
  }));
}
