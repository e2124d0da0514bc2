import { Field, Float, ID, ObjectType, registerEnumType } from 'type-graphql';
import { RevenueDimension, UsageDimension } from './usage-dimension.js';

registerEnumType(UsageDimension, { name: 'UsageDimension' });
registerEnumType(RevenueDimension, { name: 'RevenueDimension' });

@ObjectType()
export class UsageTotals {
  @Field(() => Float)
  requests!: number;

  @Field(() => Float, { description: 'Answered with 400 or above; a client that left is none.' })
  errors!: number;

  @Field(() => Float, { description: 'All input, cached or not.' })
  promptTokens!: number;

  @Field(() => Float)
  cachedTokens!: number;

  @Field(() => Float, { description: 'Reasoning included.' })
  completionTokens!: number;

  @Field(() => Float)
  reasoningTokens!: number;

  @Field(() => String)
  costUsd!: string;
}

/** Members that were not asked for in `groupBy` are null. */
@ObjectType()
export class UsageRow extends UsageTotals {
  @Field(() => String, { nullable: true, description: 'YYYY-MM-DD, UTC.' })
  date!: string | null;

  @Field(() => String, { nullable: true })
  model!: string | null;

  @Field(() => ID, { nullable: true })
  keyId!: string | null;

  @Field(() => Boolean, { description: "Paid with the customer's own vendor key." })
  byok!: boolean;
}

@ObjectType()
export class UsageReport {
  @Field(() => [UsageRow])
  rows!: UsageRow[];

  @Field(() => UsageTotals)
  totals!: UsageTotals;
}
