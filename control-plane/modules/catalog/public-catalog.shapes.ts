/** The catalogue as customers see it: prices that they pay, nothing of vendors' costs. */
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { UsdRates, UsdTier } from './rates.js';

@ObjectType({ description: 'A model that can be asked for, with the price that it has now.' })
export class CatalogModel {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String)
  description!: string;

  @Field(() => String, { description: 'Who made it.' })
  ownedBy!: string;

  @Field(() => [String], { description: 'Other names that reach it.' })
  aliases!: string[];

  @Field(() => Date)
  releasedAt!: Date;

  @Field(() => Int)
  contextTokens!: number;

  @Field(() => Int)
  maxOutputTokens!: number;

  @Field(() => [String])
  inputModalities!: string[];

  @Field(() => [String])
  outputModalities!: string[];

  @Field(() => [String], { description: 'tools, imageInput, jsonSchema, reasoning, ...: what it can do.' })
  capabilities!: string[];

  @Field(() => String, { description: 'frontier, standard or value.' })
  tier!: string;

  @Field(() => Boolean)
  deprecated!: boolean;

  @Field(() => [ID], { description: 'Where it can be served.' })
  regions!: string[];

  @Field(() => Boolean)
  free!: boolean;

  @Field(() => UsdRates)
  rates!: UsdRates;

  @Field(() => [UsdTier], { description: 'Other rates for long inputs.' })
  tiers!: UsdTier[];
}

@ObjectType({ description: 'A name that stands for several models: the complexity of a request chooses the tier.' })
export class CatalogGroup {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String)
  description!: string;

  @Field(() => [ID], { description: 'For hard requests, in the order of failover.' })
  frontier!: string[];

  @Field(() => [ID])
  standard!: string[];

  @Field(() => [ID], { description: 'For routine requests.' })
  value!: string[];
}
