import { Arg, Authorized, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { formatUsd } from '../../../shared/money.js';
import { requireActor } from '../actor.js';
import { ByokCredential } from '../byok/byok.entity.js';
import type { RequestContext } from '../context.js';
import { ApiKey } from './api-key.entity.js';
import { CreateApiKeyInput, CreatedApiKey, KeyLimits, RevokedApiKey, UpdateApiKeyInput } from './api-key.shapes.js';
import { pauseApiKey, revokeApiKey, rotateApiKey, updateApiKey } from './change-api-key.js';
import { createApiKey } from './create-api-key.js';
import { revokeLeakedKey } from './revoke-leaked-key.js';

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  @Authorized('keys:read')
  @Query(() => [ApiKey], { description: 'Newest first, revoked ones of the last 30 days included.' })
  apiKeys(@Ctx() context: RequestContext): Promise<ApiKey[]> {
    const { accountId } = requireActor(context);
    const since = new Date(Date.now() - 30 * 24 * 3_600_000);
    return context.em.find(
      ApiKey,
      { accountId, $or: [{ revokedAt: null }, { revokedAt: { $gt: since } }] },
      { orderBy: { id: 'desc' }, limit: 2_000 },
    );
  }

  @Authorized('keys:write')
  @Mutation(() => CreatedApiKey)
  createApiKey(@Ctx() context: RequestContext, @Arg('input', () => CreateApiKeyInput) input: CreateApiKeyInput): Promise<CreatedApiKey> {
    return createApiKey(context.em, context.services, requireActor(context), input);
  }

  @Authorized('keys:write')
  @Mutation(() => ApiKey)
  updateApiKey(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('input', () => UpdateApiKeyInput) input: UpdateApiKeyInput,
  ): Promise<ApiKey> {
    return updateApiKey(context.em, requireActor(context), id, input);
  }

  @Authorized('keys:write')
  @Mutation(() => RevokedApiKey)
  revokeApiKey(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<RevokedApiKey> {
    return revokeApiKey(context.em, context.services.fleet, requireActor(context), id);
  }

  @Authorized('keys:write')
  @Mutation(() => CreatedApiKey)
  rotateApiKey(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('graceSeconds', () => Int) graceSeconds: number,
  ): Promise<CreatedApiKey> {
    return rotateApiKey(context.em, context.services, requireActor(context), id, graceSeconds);
  }

  @Authorized('keys:write')
  @Mutation(() => ApiKey, { description: 'paused true stops the key; false resumes it, also after the burn-rate breaker.' })
  pauseApiKey(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('paused', () => Boolean) paused: boolean,
  ): Promise<ApiKey> {
    return pauseApiKey(context.em, requireActor(context), id, paused);
  }

  @Mutation(() => Boolean, { description: 'For whoever found a key: revokes it. Always true.' })
  async revokeLeakedKey(@Ctx() context: RequestContext, @Arg('key', () => String) key: string): Promise<boolean> {
    await revokeLeakedKey(context.em, context.services, key, context.address);
    return true;
  }

  @FieldResolver(() => KeyLimits)
  limits(@Root() key: ApiKey): KeyLimits {
    const usd = (amount: bigint | null) => (amount === null ? null : formatUsd(amount));
    return {
      requestsPerMinute: key.requestsPerMinute,
      tokensPerMinute: key.tokensPerMinute,
      concurrency: key.concurrency,
      dailyUsd: usd(key.dailyNano),
      monthlyUsd: usd(key.monthlyNano),
      totalUsd: usd(key.totalNano),
    };
  }

  @FieldResolver(() => [ByokCredential])
  async byok(@Ctx() context: RequestContext, @Root() key: ApiKey): Promise<ByokCredential[]> {
    return (await context.load.byok(key.id)) ?? [];
  }
}
