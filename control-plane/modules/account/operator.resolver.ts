import { Arg, Args, Authorized, Ctx, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import type { Page } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import { ApiKey } from '../api-key/api-key.entity.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { requireUuid } from '../identifiers.js';
import { Account } from './account.entity.js';
import { limitAccount, searchAccounts, suspendAccount } from './operate-accounts.js';

const AccountConnection = connectionOf('Account', Account);

@Resolver(() => Account)
export class AccountOperatorResolver {
  @Authorized('operator')
  @Query(() => AccountConnection, { description: 'search: part of an email address or a name, or an id.' })
  accounts(
    @Ctx() context: RequestContext,
    @Args(() => PageArguments) page: PageArguments,
    @Arg('search', () => String, { nullable: true }) search: string | null,
  ): Promise<Page<Account>> {
    return searchAccounts(context.em, requireActor(context), search, page);
  }

  @Authorized('operator')
  @Query(() => Account, { nullable: true })
  account(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<Account | null> {
    return context.em.findOne(Account, { id: requireUuid(id) });
  }

  @Authorized('operator')
  @Query(() => [ApiKey])
  accountKeys(@Ctx() context: RequestContext, @Arg('accountId', () => ID) accountId: string): Promise<ApiKey[]> {
    return context.em.find(ApiKey, { accountId: requireUuid(accountId) }, { orderBy: { id: 'desc' }, limit: 1_000 });
  }

  @Authorized('operator')
  @Mutation(() => Account)
  suspendAccount(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('suspended', () => Boolean) suspended: boolean,
    @Arg('reason', () => String) reason: string,
  ): Promise<Account> {
    return suspendAccount(context.em, requireActor(context), id, suspended, reason);
  }

  @Authorized('operator')
  @Mutation(() => Account)
  limitAccount(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('requestsPerMinute', () => Int, { nullable: true }) requestsPerMinute: number | null,
    @Arg('tokensPerMinute', () => Int, { nullable: true }) tokensPerMinute: number | null,
  ): Promise<Account> {
    const limits = { requestsPerMinute: requestsPerMinute ?? null, tokensPerMinute: tokensPerMinute ?? null };
    return limitAccount(context.em, requireActor(context), id, limits);
  }
}
