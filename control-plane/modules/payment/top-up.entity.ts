import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { formatUsd } from '../../../shared/money.js';

export type TopUpMethod = 'card' | 'wechat_pay' | 'alipay' | 'usdt';
export type TopUpStatus = 'pending' | 'paid' | 'failed' | 'expired' | 'refunded' | 'disputed';

@ObjectType({ description: 'Where to send USDT. Other tokens, and other networks, are lost.' })
export class DepositInstruction {
  @Field(() => String)
  address!: string;

  @Field(() => String)
  network!: string;

  @Field(() => String, { description: 'The token contract; a transfer of any other token credits nothing.' })
  contract!: string;

  @Field(() => String, { description: 'USDT that was asked for; what arrives is what is credited.' })
  amount!: string;

  @Field(() => Date)
  expiresAt!: Date;
}

/** Read-only here: written by the functions beside it, in plain SQL under the row's lock. */
@ObjectType({ description: 'Money that a customer puts in.' })
@Entity({ tableName: 'top_up', readonly: true })
export class TopUp {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Property({ type: 'uuid' })
  accountId!: string;

  @Field(() => String, { description: 'card, wechat_pay, alipay or usdt.' })
  @Property({ type: 'text' })
  method!: TopUpMethod;

  @Property({ type: 'bigint' })
  amount!: bigint;

  @Field(() => String, { description: 'pending, paid, failed, expired, refunded or disputed.' })
  @Property({ type: 'text' })
  status!: TopUpStatus;

  @Property({ type: 'text', nullable: true })
  sessionId!: string | null;

  @Field(() => String, { nullable: true, description: 'Where the customer pays, while it is pending.' })
  @Property({ type: 'text', nullable: true })
  checkoutUrl!: string | null;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  network!: string | null;

  @Property({ type: 'datetime', nullable: true })
  expiresAt!: Date | null;

  @Property({ type: 'bigint' })
  credited!: bigint;

  @Property({ type: 'bigint' })
  refunded!: bigint;

  @Field(() => Boolean, { description: 'Charged by us, from the saved card, because the balance was low.' })
  @Property({ type: 'boolean' })
  automatic!: boolean;

  @Field(() => String, { nullable: true, description: 'Of a failed automatic one: the code of the bank, for example insufficient_funds.' })
  @Property({ type: 'text', nullable: true })
  failure!: string | null;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  paidAt!: Date | null;

  @Field(() => String)
  get amountUsd(): string {
    return formatUsd(this.amount);
  }

  @Field(() => String)
  get creditedUsd(): string {
    return formatUsd(this.credited);
  }

  @Field(() => String)
  get refundedUsd(): string {
    return formatUsd(this.refunded);
  }
}
