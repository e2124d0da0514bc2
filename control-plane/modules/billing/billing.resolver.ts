import { Arg, Args, Authorized, Ctx, Field, FieldResolver, ID, InputType, Mutation, Query, Resolver, Root } from 'type-graphql';
import { GatewayError } from '../../../shared/errors.js';
import { parseUsd } from '../../../shared/money.js';
import type { Page } from '../../db/find-page.js';
import { newId } from '../../db/new-id.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { PageArguments } from '../fields.js';
import { requireUuid } from '../identifiers.js';
import { adjustAsOperator } from './adjust-as-operator.js';
import { LedgerConnection, type LedgerLine, TrialBalanceLine } from './ledger.shapes.js';
import { listLedger } from './list-ledger.js';
import { findLowBalanceAlert, setLowBalanceAlert } from './low-balance.js';
import { readTrialBalance } from './trial-balance.js';
import { Wallet } from './wallet.entity.js';

@InputType()
export class AdjustAccountInput {
  @Field(() => ID)
  accountId!: string;

  @Field(() => String, { description: 'Signed decimal string of USD, up to 9 places.' })
  amountUsd!: string;

  @Field(() => String, { description: 'Shown to the customer on the ledger line.' })
  reason!: string;

  @Field(() => ID, { nullable: true, description: 'Sent again with the same id, it moves money once.' })
  id?: string | null;
}

@Resolver(() => Wallet)
export class BillingResolver {
  @Authorized('billing:read')
  @Query(() => Wallet)
  wallet(@Ctx() context: RequestContext): Promise<Wallet> {
    return findWallet(context, requireActor(context).accountId);
  }

  @Authorized('billing:read')
  @Query(() => LedgerConnection, { description: 'Newest first.' })
  ledger(@Ctx() context: RequestContext, @Args(() => PageArguments) page: PageArguments): Promise<Page<LedgerLine>> {
    return listLedger(context.pool, requireActor(context).accountId, page);
  }

  @Authorized('billing:write')
  @Mutation(() => Wallet, { description: 'Mail to owners and billing members when the balance falls below it. Null ends that.' })
  async setLowBalanceAlert(
    @Ctx() context: RequestContext,
    @Arg('thresholdUsd', () => String, { nullable: true }) thresholdUsd: string | null,
  ): Promise<Wallet> {
    const actor = requireActor(context);
    await setLowBalanceAlert(context.pool, actor, thresholdUsd ?? null);
    return findWallet(context, actor.accountId);
  }

  @FieldResolver(() => String, { nullable: true })
  lowBalanceAlertUsd(@Ctx() context: RequestContext, @Root() wallet: Wallet): Promise<string | null> {
    return findLowBalanceAlert(context.pool, wallet.accountId);
  }

  @Authorized('operator')
  @Query(() => Wallet)
  walletOf(@Ctx() context: RequestContext, @Arg('accountId', () => ID) accountId: string): Promise<Wallet> {
    return findWallet(context, requireUuid(accountId));
  }

  @Authorized('operator')
  @Query(() => LedgerConnection)
  ledgerOf(
    @Ctx() context: RequestContext,
    @Arg('accountId', () => ID) accountId: string,
    @Args(() => PageArguments) page: PageArguments,
  ): Promise<Page<LedgerLine>> {
    return listLedger(context.pool, requireUuid(accountId), page);
  }

  @Authorized('operator')
  @Query(() => [TrialBalanceLine], { description: 'All postings, by ledger account; platform_loss among them.' })
  trialBalance(@Ctx() context: RequestContext): Promise<TrialBalanceLine[]> {
    return readTrialBalance(context.pool);
  }

  @Authorized('operator')
  @Mutation(() => Wallet, { description: 'Credits, or debits what is available.' })
  async adjustAccount(@Ctx() context: RequestContext, @Arg('input', () => AdjustAccountInput) input: AdjustAccountInput): Promise<Wallet> {
    const accountId = requireUuid(input.accountId);
    const reason = input.reason.trim();
    if (reason === '' || reason.length > 500) throw new GatewayError('invalid_request', 'Give a reason.', { param: 'reason' });
    const refId = input.id ? requireUuid(input.id) : newId();
    const amount = parseSigned(input.amountUsd);
    await adjustAsOperator(context.pool, requireActor(context), { accountId, amount, refType: 'adjustment', refId, reason });
    context.services.live.changed([accountId]);
    return findWallet(context, accountId);
  }
}

async function findWallet(context: RequestContext, accountId: string): Promise<Wallet> {
  const wallet = await context.em.findOne(Wallet, { accountId }, { refresh: true });
  if (!wallet) throw new GatewayError('not_found', 'There is no such account.');
  return wallet;
}

function parseSigned(text: string): bigint {
  const negative = text.startsWith('-');
  const amount = parseUsd(negative ? text.slice(1) : text);
  if (amount === undefined)
    throw new GatewayError('invalid_request', 'Invalid amountUsd: a decimal string of USD with up to 9 places.', { param: 'amountUsd' });
  return negative ? -amount : amount;
}
