import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { formatUsd } from '../../../shared/money.js';

/** Read-only here: money moves in `wallet-ledger.ts` alone, under the row's lock. */
@ObjectType({ description: 'Decimal strings of USD.' })
@Entity({ tableName: 'wallet', readonly: true })
export class Wallet {
  @PrimaryKey({ type: 'uuid' })
  accountId!: string;

  @Property({ type: 'bigint' })
  available!: bigint;

  @Property({ type: 'bigint' })
  leased!: bigint;

  @Property({ type: 'bigint' })
  debt!: bigint;

  @Field(() => String, { description: 'Available and leased: what is not spent.' })
  get balanceUsd(): string {
    return formatUsd(this.available + this.leased);
  }

  @Field(() => String)
  get availableUsd(): string {
    return formatUsd(this.available);
  }

  @Field(() => String, { description: 'Set aside on nodes for requests that run or are about to.' })
  get leasedUsd(): string {
    return formatUsd(this.leased);
  }

  @Field(() => String, { description: 'Of reversed payments: paid first by the next top-up; until then no request is admitted.' })
  get debtUsd(): string {
    return formatUsd(this.debt);
  }
}
