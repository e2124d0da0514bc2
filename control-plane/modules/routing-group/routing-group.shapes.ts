import { Field, Float, ID, InputType } from 'type-graphql';

@InputType({ description: 'A member that is absent keeps its value.' })
export class RoutingGroupInput {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string | null;

  @Field(() => String, { nullable: true })
  description?: string | null;

  @Field(() => String, { nullable: true })
  kind?: string | null;

  @Field(() => Boolean, { nullable: true })
  enabled?: boolean | null;

  @Field(() => [String], { nullable: true, description: 'Model ids in the order of failover.' })
  frontier?: string[] | null;

  @Field(() => [String], { nullable: true })
  standard?: string[] | null;

  @Field(() => [String], { nullable: true })
  value?: string[] | null;

  @Field(() => Float, { nullable: true })
  thresholdStandard?: number | null;

  @Field(() => Float, { nullable: true })
  thresholdFrontier?: number | null;

  @Field(() => Boolean, { nullable: true })
  hedge?: boolean | null;
}
