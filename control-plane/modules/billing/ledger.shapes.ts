import { Field, ID, ObjectType } from 'type-graphql';
import { connectionOf } from '../fields.js';

@ObjectType({ description: 'One line of the ledger, newest first: a settled request, or money in or out.' })
export class LedgerLine {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { description: 'usage, top_up, refund, dispute, dispute_won, adjustment or bonus.' })
  kind!: string;

  @Field(() => String, { description: 'Signed decimal string of USD.' })
  amountUsd!: string;

  @Field(() => String)
  balanceAfterUsd!: string;

  @Field(() => String, { description: 'The request, payment or adjustment: for usage the id of the generation.' })
  reference!: string;

  @Field(() => String, { description: 'For usage the reason code of the settlement table.' })
  reason!: string;

  @Field(() => Date)
  createdAt!: Date;
}

export const LedgerConnection = connectionOf('Ledger', LedgerLine);

@ObjectType({ description: 'Sum of all postings of one ledger account, decimal string of USD. The sums of all add up to 0.' })
export class TrialBalanceLine {
  @Field(() => String)
  ledgerAccount!: string;

  @Field(() => String)
  amountUsd!: string;
}
