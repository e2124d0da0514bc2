import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../../db/new-id.js';

/** An API key without the key: only its HMAC is stored, and neither can be asked for. */
@ObjectType()
@Entity({ tableName: 'api_key' })
export class ApiKey {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id: string = newId();

  @Property({ type: 'uuid' })
  accountId!: string;

  @Property({ type: 'uuid', nullable: true })
  createdBy: string | null = null;

  @Field(() => String)
  @Property({ type: 'text' })
  name!: string;

  @Property({ type: 'blob', hidden: true, lazy: true })
  hash!: Buffer;

  @Field(() => String)
  @Property({ type: 'text' })
  prefix!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  last4!: string;

  @Field(() => Boolean, { description: 'Reaches the sandbox only and never costs money.' })
  @Property({ type: 'boolean' })
  test!: boolean;

  @Field(() => [String], { nullable: true, description: 'Model ids, aliases and groups; null is all.' })
  @Property({ type: 'array', columnType: 'text[]', nullable: true })
  models: string[] | null = null;

  @Field(() => [String], { nullable: true, description: 'Addresses and CIDR ranges, v4 and v6; null is all.' })
  @Property({ type: 'array', columnType: 'text[]', nullable: true })
  ipAllowlist: string[] | null = null;

  @Field(() => [String], { nullable: true })
  @Property({ type: 'array', columnType: 'text[]', nullable: true })
  regions: string[] | null = null;

  @Property({ type: 'integer', nullable: true })
  requestsPerMinute: number | null = null;

  @Property({ type: 'integer', nullable: true })
  tokensPerMinute: number | null = null;

  @Property({ type: 'integer', nullable: true })
  concurrency: number | null = null;

  @Property({ type: 'bigint', nullable: true })
  dailyNano: bigint | null = null;

  @Property({ type: 'bigint', nullable: true })
  monthlyNano: bigint | null = null;

  @Property({ type: 'bigint', nullable: true })
  totalNano: bigint | null = null;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  expiresAt: Date | null = null;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  lastUsedAt: Date | null = null;

  @Property({ type: 'datetime', nullable: true })
  pausedAt: Date | null = null;

  @Property({ type: 'text', nullable: true })
  pauseReason: 'owner' | 'burn_rate' | null = null;

  /** Leaves the burn-rate breaker out for a day. */
  @Property({ type: 'datetime', nullable: true })
  resumedAt: Date | null = null;

  @Property({ type: 'datetime', nullable: true })
  revokedAt: Date | null = null;

  @Property({ type: 'text', nullable: true })
  revokeReason: 'owner' | 'operator' | 'leaked' | 'account_closed' | null = null;

  @Property({ type: 'uuid', nullable: true })
  replacedBy: string | null = null;

  /** The first key of those that were rotated into each other: budgets are counted over all of them. Its own id when null at first. */
  @Property({ type: 'uuid', nullable: true })
  lineageId: string | null = null;

  @Field(() => String, { description: 'active, paused, expired or revoked.' })
  status(): string {
    if (this.revokedAt) return 'revoked';
    if (this.expiresAt && this.expiresAt.getTime() <= Date.now()) return 'expired';
    return this.pausedAt ? 'paused' : 'active';
  }
}
