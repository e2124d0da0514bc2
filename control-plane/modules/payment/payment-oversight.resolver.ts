import { Arg, Args, Authorized, Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import { GatewayError } from '../../../shared/errors.js';
import { formatUsd } from '../../../shared/money.js';
import { decodeCursor, type Page, pageSize, toPage, UUID_PATTERN } from '../../db/find-page.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';

@ObjectType({ description: 'A top-up as the operator sees it.' })
export class Payment {
  @Field(() => ID)
  id!: string;

  @Field(() => ID)
  accountId!: string;

  @Field(() => String)
  accountName!: string;

  @Field(() => String, { description: 'card, wechat_pay, alipay or usdt.' })
  method!: string;

  @Field(() => String, { nullable: true })
  network!: string | null;

  @Field(() => String, { description: 'pending, paid, failed, expired, refunded or disputed.' })
  status!: string;

  @Field(() => String)
  amountUsd!: string;

  @Field(() => String)
  creditedUsd!: string;

  @Field(() => String)
  refundedUsd!: string;

  @Field(() => String, { nullable: true, description: "The payment's id at Stripe." })
  reference!: string | null;

  @Field(() => Date)
  createdAt!: Date;

  @Field(() => Date, { nullable: true })
  paidAt!: Date | null;
}

const PaymentConnection = connectionOf('Payment', Payment);

type PaymentRow = Omit<Payment, 'amountUsd' | 'creditedUsd' | 'refundedUsd'> & { amount: string; credited: string; refunded: string };

@Resolver()
export class PaymentOversightResolver {
  @Authorized('operator')
  @Query(() => PaymentConnection, { description: 'Of all customers, newest first.' })
  async payments(
    @Ctx() { pool }: RequestContext,
    @Args(() => PageArguments) page: PageArguments,
    @Arg('status', () => String, { nullable: true }) status: string | null,
  ): Promise<Page<Payment>> {
    const size = pageSize(page);
    const after = page.after ? decodeCursor(page.after) : null;
    if (after !== null && !UUID_PATTERN.test(after))
      throw new GatewayError('invalid_request', 'after is not a cursor of this list.', { param: 'after' });
    const { rows } = await pool.query<PaymentRow>(
      `SELECT top_up.id, account_id AS "accountId", account.name AS "accountName", method, network, top_up.status, amount, credited, refunded,
         payment_intent AS reference, top_up.created_at AS "createdAt", paid_at AS "paidAt"
       FROM top_up JOIN account ON account.id = account_id
       WHERE ${status ? 'top_up.status = $3' : '$3::text IS NULL'} AND ($2::uuid IS NULL OR top_up.id < $2) ORDER BY top_up.id DESC LIMIT $1`,
      [size + 1, after, status || null],
    );
    return toPage(rows.map(toPayment), size, (payment) => payment.id);
  }
}

function toPayment({ amount, credited, refunded, ...row }: PaymentRow): Payment {
  return {
    ...row,
    amountUsd: formatUsd(BigInt(amount)),
    creditedUsd: formatUsd(BigInt(credited)),
    refundedUsd: formatUsd(BigInt(refunded)),
  };
}
