import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { QualityTier } from '../../../shared/chat.js';
import type { Capabilities, RatesRow, VendorQuirks } from '../../../shared/snapshot.js';
import { JsonScalar } from '../fields.js';

/** What a customer can ask for. */
@ObjectType()
@Entity({ tableName: 'model' })
export class Model {
  @Field(() => ID)
  @PrimaryKey({ type: 'text' })
  id!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  name!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  description = '';

  @Field(() => String)
  @Property({ type: 'text' })
  ownedBy!: string;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  releasedAt!: Date;

  @Field(() => [String])
  @Property({ type: 'array', columnType: 'text[]' })
  aliases: string[] = [];

  @Field(() => Int)
  @Property({ type: 'integer' })
  contextTokens!: number;

  @Field(() => Int)
  @Property({ type: 'integer' })
  maxOutputTokens!: number;

  @Field(() => [String])
  @Property({ type: 'array', columnType: 'text[]' })
  inputModalities: string[] = ['text'];

  @Field(() => [String])
  @Property({ type: 'array', columnType: 'text[]' })
  outputModalities: string[] = ['text'];

  @Field(() => String)
  @Property({ type: 'text' })
  tokenizer = 'other';

  @Field(() => Int, { description: 'Bytes of English prose per token, in hundredths.' })
  @Property({ type: 'integer' })
  bytesPerTokenHundredths = 400;

  @Field(() => JsonScalar, { description: 'Capabilities of shared/snapshot.ts: each true or false.' })
  @Property({ type: 'json' })
  capabilities!: Capabilities;

  @Field(() => [String])
  @Property({ type: 'array', columnType: 'text[]' })
  supportedParameters: string[] = [];

  @Field(() => String, { description: 'frontier, standard or value.' })
  @Property({ type: 'text' })
  tier!: QualityTier;

  @Field(() => Boolean)
  @Property({ type: 'boolean' })
  deprecated = false;

  @Field(() => Boolean)
  @Property({ type: 'boolean' })
  enabled = true;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => Date)
  @Property({ type: 'datetime', onUpdate: () => new Date() })
  updatedAt: Date = new Date();
}

/** One way to reach a model: a vendor's own id for it, and what it costs the operator there. */
@ObjectType()
@Entity({ tableName: 'endpoint' })
export class Endpoint {
  @Field(() => ID)
  @PrimaryKey({ type: 'text' })
  id!: string;

  @Field(() => ID)
  @Property({ type: 'text' })
  modelId!: string;

  @Field(() => ID)
  @Property({ type: 'text' })
  vendorId!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  upstreamModel!: string;

  @Field(() => Boolean)
  @Property({ type: 'boolean' })
  enabled = true;

  @Field(() => [String], { nullable: true })
  @Property({ type: 'array', columnType: 'text[]', nullable: true })
  regions: string[] | null = null;

  @Property({ type: 'json' })
  cost!: RatesRow;

  @Field(() => Int, { nullable: true })
  @Property({ type: 'integer', nullable: true })
  contextTokens: number | null = null;

  @Field(() => Int, { nullable: true })
  @Property({ type: 'integer', nullable: true })
  maxOutputTokens: number | null = null;

  @Field(() => JsonScalar, { nullable: true, description: "What differs from the model's capabilities here." })
  @Property({ type: 'json', nullable: true })
  capabilities: Partial<Capabilities> | null = null;

  @Field(() => JsonScalar, { nullable: true, description: "What differs from the vendor's quirks here." })
  @Property({ type: 'json', nullable: true })
  quirks: VendorQuirks | null = null;

  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => Date)
  @Property({ type: 'datetime', onUpdate: () => new Date() })
  updatedAt: Date = new Date();
}
