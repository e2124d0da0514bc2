import { Arg, Args, Authorized, Ctx, Field, FieldResolver, ID, InputType, Mutation, Query, Resolver, Root } from 'type-graphql';
import { formatUsd } from '../../../shared/money.js';
import { findPage, type Page, UUID_PATTERN } from '../../db/find-page.js';
import { Account } from '../account/account.entity.js';
import { requireActor } from '../actor.js';
import { renderReceiptPdf } from '../billing/receipt-pdf.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { createTopUp } from './create-top-up.js';
import { displayAddress } from './deposit-address.js';
import { USDT_NETWORKS } from './payments.js';
import { DepositInstruction, TopUp } from './top-up.entity.js';

@InputType()
export class CreateTopUpInput {
  @Field(() => String, { description: 'From "1" to "10000", whole cents.' })
  amountUsd!: string;

  @Field(() => String, { description: 'card, wechat_pay, alipay or usdt.' })
  method!: string;

  @Field(() => String, { nullable: true, description: 'For usdt: ethereum or tron.' })
  network?: string | null;

  @Field(() => String, { nullable: true })
  successUrl?: string | null;

  @Field(() => String, { nullable: true })
  cancelUrl?: string | null;
}

const TopUpConnection = connectionOf('TopUp', TopUp);

@Resolver(() => TopUp)
export class PaymentResolver {
  @Authorized('billing:write')
  @Mutation(() => TopUp)
  async createTopUp(@Ctx() context: RequestContext, @Arg('input', () => CreateTopUpInput) input: CreateTopUpInput): Promise<TopUp> {
    const actor = requireActor(context);
    const { network = null, successUrl = null, cancelUrl = null } = input;
    const id = await createTopUp(context.pool, context.services.payments, actor, { ...input, network, successUrl, cancelUrl });
    return await context.em.findOneOrFail(TopUp, { id, accountId: actor.accountId });
  }

  @Authorized('billing:read')
  @Query(() => TopUp, { nullable: true })
  async topUp(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<TopUp | null> {
    const { accountId } = requireActor(context);
    return UUID_PATTERN.test(id) ? await context.em.findOne(TopUp, { id, accountId }) : null;
  }

  @Authorized('billing:read')
  @Query(() => TopUpConnection, { description: 'Newest first.' })
  topUps(@Ctx() context: RequestContext, @Args(() => PageArguments) page: PageArguments): Promise<Page<TopUp>> {
    const { accountId } = requireActor(context);
    return findPage(context.em, TopUp, { accountId }, page, { key: 'id', direction: 'desc', pattern: UUID_PATTERN });
  }

  @FieldResolver(() => String, { nullable: true, description: 'PDF, base64. Null until it is paid.' })
  async receiptPdf(@Ctx() context: RequestContext, @Root() topUp: TopUp): Promise<string | null> {
    const { id, accountId, method, paidAt, credited, refunded } = topUp;
    if (paidAt === null) return null;
    const { name } = await context.em.findOneOrFail(Account, { id: accountId });
    const pdf = await renderReceiptPdf({ topUpId: id, accountName: name, accountId, method, paidAt, credited, refunded });
    return pdf.toString('base64');
  }

  @FieldResolver(() => DepositInstruction, { nullable: true })
  async deposit(@Ctx() context: RequestContext, @Root() topUp: TopUp): Promise<DepositInstruction | null> {
    const network = USDT_NETWORKS.find((one) => one === topUp.network);
    const settings = network && context.services.payments.usdt[network];
    if (!network || !settings || topUp.expiresAt === null) return null;
    const { rows } = await context.pool.query<{ address: string }>(
      'SELECT address FROM deposit_address WHERE network = $1 AND account_id = $2',
      [network, topUp.accountId],
    );
    const address = rows[0]?.address;
    if (address === undefined) return null;
    const { contract } = settings;
    return { address: displayAddress(network, address), network, contract, amount: formatUsd(topUp.amount), expiresAt: topUp.expiresAt };
  }
}
