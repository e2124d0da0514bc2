import { Field, Float, ObjectType } from 'type-graphql';

@ObjectType({
  description: 'What was earned and what it cost. Members that were not asked for in groupBy are null. Decimal strings of USD.',
})
export class RevenueRow {
  @Field(() => String, { nullable: true, description: 'YYYY-MM-DD, UTC.' })
  date!: string | null;

  @Field(() => String, { nullable: true })
  model!: string | null;

  @Field(() => String, { nullable: true })
  vendor!: string | null;

  @Field(() => Float)
  requests!: number;

  @Field(() => Float)
  errors!: number;

  @Field(() => Float)
  tokens!: number;

  @Field(() => String, { description: 'Paid by customers.' })
  revenueUsd!: string;

  @Field(() => String, { description: 'Cost of the buckets at the price, that no customer paid.' })
  platformLossUsd!: string;

  @Field(() => String, { description: "At the vendors' present cost; nothing for requests on a customer's own key." })
  costUsd!: string;

  @Field(() => String)
  marginUsd!: string;
}
