import { ArgsType, Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { connectionOf, PageArguments } from '../fields.js';

@ObjectType({ description: 'One settled request in a list; generation(id) tells the rest. Status and times are kept 30 days, then null.' })
export class RequestLine {
  @Field(() => ID)
  id!: string;

  @Field(() => Date)
  createdAt!: Date;

  @Field(() => String, { nullable: true })
  modelAsked!: string | null;

  @Field(() => String, { nullable: true, description: 'That served it; null when none did.' })
  model!: string | null;

  @Field(() => String, { nullable: true })
  vendor!: string | null;

  @Field(() => ID)
  keyId!: string;

  @Field(() => Boolean)
  test!: boolean;

  @Field(() => Boolean)
  byok!: boolean;

  @Field(() => Boolean, { description: 'An item of a batch.' })
  batch!: boolean;

  @Field(() => Int, { nullable: true })
  status!: number | null;

  @Field(() => Float, { description: 'All input, cached or not.' })
  promptTokens!: number;

  @Field(() => Float, { description: 'Reasoning included.' })
  completionTokens!: number;

  @Field(() => Float, { nullable: true })
  firstTokenMs!: number | null;

  @Field(() => String)
  costUsd!: string;
}

export const RequestLineConnection = connectionOf('RequestLine', RequestLine);

@ArgsType()
export class RequestArguments extends PageArguments {
  @Field(() => String, { nullable: true, description: 'The model that served.' })
  model?: string | null;

  @Field(() => ID, { nullable: true })
  keyId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'true: only those answered with 400 or above.' })
  failed?: boolean | null;
}
