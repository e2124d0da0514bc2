import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { JsonScalar } from '../fields.js';

@InputType()
export class ExplainRouteInput {
  @Field(() => String, { description: 'The JSON body of a completion, as it was pasted.' })
  request!: string;

  @Field(() => ID, { nullable: true, description: 'Asks a node of this region; absent is any.' })
  region?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Plans as for this API key: its models, providers and own vendor keys. Absent: no limits.',
  })
  apiKeyId?: string | null;
}

@ObjectType()
export class ExplainedHealth {
  @Field(() => Float)
  successRate!: number;

  @Field(() => Float, { description: '0 to 1: lowered by rate limits.' })
  share!: number;

  @Field(() => Float, { nullable: true })
  firstTokenMs!: number | null;

  @Field(() => Float, { nullable: true })
  tokensPerSecond!: number | null;
}

@ObjectType()
export class ExplainedCandidate {
  @Field(() => String)
  model!: string;

  @Field(() => String)
  vendor!: string;

  @Field(() => String)
  endpoint!: string;

  @Field(() => Boolean, { description: 'With the customer’s own vendor key.' })
  byok!: boolean;

  @Field(() => String)
  estimatedCostUsd!: string;

  @Field(() => String, { description: 'What it may cost at most.' })
  ceilingUsd!: string;

  @Field(() => [String], { description: 'Members of the request that this endpoint cannot do.' })
  dropped!: string[];

  @Field(() => ExplainedHealth)
  health!: ExplainedHealth;
}

@ObjectType()
export class ExplainedExclusion {
  @Field(() => String)
  model!: string;

  @Field(() => String, { nullable: true, description: 'Null: the model as a whole.' })
  vendor!: string | null;

  @Field(() => String)
  reason!: string;
}

@ObjectType({ description: 'How hard the request looks, and from which score on which tier serves.' })
export class ExplainedComplexity {
  @Field(() => Float)
  score!: number;

  @Field(() => Float)
  standardFrom!: number;

  @Field(() => Float)
  frontierFrom!: number;

  @Field(() => JsonScalar, { description: 'What each sign in the request added: name to number.' })
  factors!: unknown;
}

@ObjectType({ description: 'What a node would do with the request now. Nothing was called and nothing charged.' })
export class RouteExplanation {
  @Field(() => ID, { description: 'The node that was asked.' })
  nodeId!: string;

  @Field(() => String)
  region!: string;

  @Field(() => String, {
    nullable: true,
    description: 'It would be refused: the message that a customer would get. Candidates are empty then.',
  })
  refusal!: string | null;

  @Field(() => String, { nullable: true, description: 'The code of that refusal.' })
  refusalCode!: string | null;

  @Field(() => String, { nullable: true })
  reason!: string | null;

  @Field(() => String, { nullable: true })
  tier!: string | null;

  @Field(() => ExplainedComplexity, { nullable: true, description: 'Of a routing group.' })
  complexity!: ExplainedComplexity | null;

  @Field(() => Int, { nullable: true })
  inputTokens!: number | null;

  @Field(() => Int, { nullable: true })
  outputTokens!: number | null;

  @Field(() => String, { nullable: true, description: 'What would be held.' })
  ceilingUsd!: string | null;

  @Field(() => Int, { nullable: true })
  eligibleModels!: number | null;

  @Field(() => [ExplainedCandidate], { description: 'In the order in which they would be tried.' })
  candidates!: ExplainedCandidate[];

  @Field(() => [ExplainedExclusion])
  excluded!: ExplainedExclusion[];

  @Field(() => Float, { nullable: true })
  revision!: number | null;
}
