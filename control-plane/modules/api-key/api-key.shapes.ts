/** What comes in and goes out about keys, besides the entity. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { ByokInput } from '../byok/byok.shapes.js';
import { ApiKey } from './api-key.entity.js';

@InputType()
export class KeyLimitsInput {
  @Field(() => Int, { nullable: true })
  requestsPerMinute?: number | null;

  @Field(() => Int, { nullable: true })
  tokensPerMinute?: number | null;

  @Field(() => Int, { nullable: true, description: 'Requests open at a time.' })
  concurrency?: number | null;

  @Field(() => String, { nullable: true, description: 'USD a day (UTC), a decimal string.' })
  dailyUsd?: string | null;

  @Field(() => String, { nullable: true, description: 'USD a calendar month (UTC).' })
  monthlyUsd?: string | null;

  @Field(() => String, { nullable: true, description: 'USD in all.' })
  totalUsd?: string | null;
}

@InputType()
export class KeyScopeInput {
  @Field(() => [String], { nullable: true, description: 'Model ids, aliases and groups; absent is all.' })
  models?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'Addresses and CIDR ranges, v4 and v6; absent is all.' })
  ipAllowlist?: string[] | null;

  @Field(() => [String], { nullable: true })
  regions?: string[] | null;

  @Field(() => Date, { nullable: true })
  expiresAt?: Date | null;

  @Field(() => KeyLimitsInput, { nullable: true })
  limits?: KeyLimitsInput | null;
}

@InputType()
export class CreateApiKeyInput extends KeyScopeInput {
  @Field(() => String)
  name!: string;

  @Field(() => Boolean, { nullable: true })
  test?: boolean | null;

  @Field(() => [ByokInput], { nullable: true, description: 'Vendor keys of your own, for this key only.' })
  byok?: ByokInput[] | null;
}

@InputType({ description: 'The scope is replaced whole: what is absent is not restricted any more.' })
export class UpdateApiKeyInput extends KeyScopeInput {
  @Field(() => String)
  name!: string;
}

@ObjectType()
export class KeyLimits {
  @Field(() => Int, { nullable: true })
  requestsPerMinute!: number | null;

  @Field(() => Int, { nullable: true })
  tokensPerMinute!: number | null;

  @Field(() => Int, { nullable: true })
  concurrency!: number | null;

  @Field(() => String, { nullable: true })
  dailyUsd!: string | null;

  @Field(() => String, { nullable: true })
  monthlyUsd!: string | null;

  @Field(() => String, { nullable: true })
  totalUsd!: string | null;
}

@ObjectType()
export class CreatedApiKey {
  @Field(() => String, { description: 'The key. Shown this once; it is stored nowhere.' })
  key!: string;

  @Field(() => ApiKey)
  apiKey!: ApiKey;
}

@ObjectType({ description: 'How many live nodes refused the key already when this answer was sent (it waits up to 2 s for all).' })
export class RevokedApiKey {
  @Field(() => ID)
  id!: string;

  @Field(() => Int)
  acknowledged!: number;

  @Field(() => Int)
  nodes!: number;
}
