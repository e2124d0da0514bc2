import { Arg, Args, Authorized, Ctx, ID, Int, Query, Resolver } from 'type-graphql';
import { GatewayError } from '../../../shared/errors.js';
import type { Page } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { findGeneration } from './find-generation.js';
import { Generation } from './generation.shapes.js';
import { listRequests } from './list-requests.js';
import { reportRevenue } from './report-revenue.js';
import { reportTiers, TierShare } from './report-tiers.js';
import { reportUsage } from './report-usage.js';
import { RequestArguments, type RequestLine, RequestLineConnection } from './request.shapes.js';
import { RevenueRow } from './revenue.shapes.js';
import { UsageReport } from './usage.shapes.js';
import { RevenueDimension, UsageDimension } from './usage-dimension.js';

@Resolver()
export class UsageResolver {
  @Authorized('usage:read')
  @Query(() => UsageReport, { description: 'The last 30 days by day and model, unless told otherwise. Days are UTC, both ends included.' })
  usage(
    @Ctx() context: RequestContext,
    @Arg('from', () => Date, { nullable: true }) from: Date | null,
    @Arg('to', () => Date, { nullable: true }) to: Date | null,
    @Arg('groupBy', () => [UsageDimension], { nullable: true }) groupBy: UsageDimension[] | null,
  ): Promise<UsageReport> {
    const { accountId } = requireActor(context);
    return reportUsage(context.pool, { accountId, from: from ?? null, to: to ?? null, groupBy: groupBy ?? null });
  }

  @Authorized('operator')
  @Query(() => [RevenueRow], { description: 'All customers; the last 30 days by day, unless told otherwise.' })
  revenue(
    @Ctx() context: RequestContext,
    @Arg('from', () => Date, { nullable: true }) from: Date | null,
    @Arg('to', () => Date, { nullable: true }) to: Date | null,
    @Arg('groupBy', () => [RevenueDimension], { nullable: true }) groupBy: RevenueDimension[] | null,
  ): Promise<RevenueRow[]> {
    return reportRevenue(context.pool, from ?? null, to ?? null, groupBy ?? [RevenueDimension.day]);
  }

  @Authorized('usage:read')
  @Query(() => RequestLineConnection, { description: 'Newest first, those of test keys included.' })
  requests(@Ctx() context: RequestContext, @Args(() => RequestArguments) request: RequestArguments): Promise<Page<RequestLine>> {
    return listRequests(context.pool, requireActor(context).accountId, request);
  }

  @Authorized('operator')
  @Query(() => [TierShare], { description: 'What smart groups chose, over the last days.' })
  tierShares(@Ctx() context: RequestContext, @Arg('days', () => Int, { defaultValue: 30 }) days: number): Promise<TierShare[]> {
    if (days < 1 || days > 400) throw new GatewayError('invalid_request', 'days must be between 1 and 400.', { param: 'days' });
    return reportTiers(context.pool, days);
  }

  @Authorized('usage:read')
  @Query(() => Generation, { nullable: true, description: 'Null until it has settled, a moment after its answer ended.' })
  async generation(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<Generation | null> {
    const { accountId } = requireActor(context);
    return (await findGeneration(context.pool, accountId, id)) ?? null;
  }
}
