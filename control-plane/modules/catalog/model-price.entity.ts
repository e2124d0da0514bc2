import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import type { RatesRow } from '../../../shared/snapshot.js';

export interface StoredTier {
  readonly aboveInputTokens: number;
  readonly rates: RatesRow;
}

/** What customers pay for a model from a moment on. A row never changes: the database refuses it. */
@ObjectType()
@Entity({ tableName: 'model_price' })
export class ModelPrice {
  /** Stands in each settlement: a charge can be recomputed from it. */
  @PrimaryKey({ type: 'bigint', autoincrement: true })
  revision!: bigint;

  @Field(() => ID)
  @Property({ type: 'text' })
  modelId!: string;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  effectiveFrom!: Date;

  @Property({ type: 'bigint' })
  inputUncached!: bigint;

  @Property({ type: 'bigint' })
  cacheRead!: bigint;

  @Property({ type: 'bigint', fieldName: 'cache_write_5m' })
  cacheWrite5m!: bigint;

  @Property({ type: 'bigint', fieldName: 'cache_write_1h' })
  cacheWrite1h!: bigint;

  @Property({ type: 'bigint' })
  output!: bigint;

  @Property({ type: 'bigint' })
  requests!: bigint;

  @Property({ type: 'json' })
  tiers: StoredTier[] = [];

  @Field(() => Boolean)
  @Property({ type: 'boolean' })
  free = false;

  @Field(() => ID, { nullable: true, description: 'Null: the seed, from public price lists.' })
  @Property({ type: 'uuid', nullable: true })
  createdBy: string | null = null;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt: Date = new Date();
}
