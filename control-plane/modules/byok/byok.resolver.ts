import { Arg, Authorized, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { ByokCredential } from './byok.entity.js';
import { ByokInput } from './byok.shapes.js';
import { createByok, deleteByok } from './change-byok.js';

@Resolver(() => ByokCredential)
export class ByokResolver {
  @Authorized('keys:read')
  @Query(() => [ByokCredential], { description: 'Of the account and of its keys.' })
  byokCredentials(@Ctx() context: RequestContext): Promise<ByokCredential[]> {
    const { accountId } = requireActor(context);
    return context.em.find(ByokCredential, { accountId, deletedAt: null }, { orderBy: { id: 'desc' }, limit: 2_000 });
  }

  @Authorized('keys:write')
  @Mutation(() => ByokCredential, {
    description: 'Replaces the one for the same vendor. Without apiKeyId every key of the account uses it.',
  })
  createByokCredential(
    @Ctx() context: RequestContext,
    @Arg('input', () => ByokInput) input: ByokInput,
    @Arg('apiKeyId', () => ID, { nullable: true }) apiKeyId: string | null,
  ): Promise<ByokCredential> {
    return createByok(context.em, context.services, requireActor(context), apiKeyId ?? null, input);
  }

  @Authorized('keys:write')
  @Mutation(() => Boolean)
  async deleteByokCredential(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    await deleteByok(context.em, requireActor(context), id);
    return true;
  }
}
