import { Field, Float, ID, Int, ObjectType } from 'type-graphql';

@ObjectType()
export class GenerationAttempt {
  @Field(() => String)
  vendor!: string;

  @Field(() => String)
  model!: string;

  @Field(() => String, { description: 'house or byok.' })
  credential!: string;

  @Field(() => String, { description: 'ok, failover, or the kind of the failure.' })
  outcome!: string;

  @Field(() => Int, { nullable: true })
  status!: number | null;

  @Field(() => Float)
  durationMs!: number;

  @Field(() => Float, { nullable: true })
  firstTokenMs!: number | null;
}

@ObjectType()
export class GenerationExclusion {
  @Field(() => String)
  model!: string;

  @Field(() => String, { nullable: true })
  vendor!: string | null;

  @Field(() => String)
  reason!: string;
}

@ObjectType({ description: 'Disjoint counts; reasoning is part of output.' })
export class GenerationTokens {
  @Field(() => Float)
  inputUncached!: number;

  @Field(() => Float)
  cacheRead!: number;

  @Field(() => Float)
  cacheWrite5m!: number;

  @Field(() => Float)
  cacheWrite1h!: number;

  @Field(() => Float)
  output!: number;

  @Field(() => Float)
  reasoning!: number;
}

@ObjectType({ description: 'USD per token, decimal strings, at the size of this request.' })
export class GenerationPrices {
  @Field(() => Int)
  revision!: number;

  @Field(() => String)
  input!: string;

  @Field(() => String)
  cacheRead!: string;

  @Field(() => String)
  cacheWrite5m!: string;

  @Field(() => String)
  cacheWrite1h!: string;

  @Field(() => String)
  output!: string;
}

/** Without a prompt and without an answer: those are not stored. */
@ObjectType({ description: 'What happened to one request. Routing and times are kept 30 days, then null.' })
export class Generation {
  @Field(() => ID)
  id!: string;

  @Field(() => Date)
  createdAt!: Date;

  @Field(() => ID)
  keyId!: string;

  @Field(() => String, { nullable: true })
  modelAsked!: string | null;

  @Field(() => String, { nullable: true })
  model!: string | null;

  @Field(() => String, { nullable: true })
  vendor!: string | null;

  @Field(() => String, { nullable: true })
  region!: string | null;

  @Field(() => String, { nullable: true, description: 'Why this model and vendor.' })
  route!: string | null;

  @Field(() => String, { nullable: true })
  tier!: string | null;

  @Field(() => String, { nullable: true })
  sessionId!: string | null;

  @Field(() => Boolean)
  byok!: boolean;

  @Field(() => Boolean)
  test!: boolean;

  @Field(() => Boolean, { nullable: true })
  streamed!: boolean | null;

  @Field(() => Int, { nullable: true })
  status!: number | null;

  @Field(() => String, { nullable: true })
  errorCode!: string | null;

  @Field(() => String, { nullable: true })
  finishReason!: string | null;

  @Field(() => [GenerationAttempt])
  attempts!: GenerationAttempt[];

  @Field(() => [GenerationExclusion])
  excluded!: GenerationExclusion[];

  @Field(() => GenerationTokens)
  tokens!: GenerationTokens;

  @Field(() => GenerationPrices, { nullable: true })
  unitPrices!: GenerationPrices | null;

  @Field(() => String, { description: '1, or 1/2 for a batch item.' })
  multiplier!: string;

  @Field(() => String)
  costUsd!: string;

  @Field(() => String, { description: 'Why the charge is what it is: the published settlement table.' })
  reason!: string;

  @Field(() => Boolean, { description: 'The tokens were counted here, not reported by the vendor.' })
  estimated!: boolean;

  @Field(() => Float, { nullable: true })
  firstTokenMs!: number | null;

  @Field(() => Float, { nullable: true })
  totalMs!: number | null;
}
