import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, Float, ID, ObjectType } from 'type-graphql';
import type { QualityTier } from '../../../shared/chat.js';
import type { GroupKind } from '../../../shared/snapshot.js';

/** `ama/smart-*`: models by tier, in the order of failover. */
@ObjectType()
@Entity({ tableName: 'routing_group' })
export class RoutingGroup {
  @Field(() => ID)
  @PrimaryKey({ type: 'text' })
  id!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  name!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  description = '';

  @Field(() => String, { description: 'code, write, reason, analyze or general: how complexity is judged.' })
  @Property({ type: 'text' })
  kind!: GroupKind;

  @Field(() => Boolean)
  @Property({ type: 'boolean' })
  enabled = true;

  @Property({ type: 'json' })
  tiers!: Record<QualityTier, string[]>;

  @Field(() => Float, { description: 'Complexity (0 to 1) from which the standard tier begins.' })
  @Property({ type: 'double' })
  thresholdStandard = 0.35;

  @Field(() => Float, { description: 'Complexity from which the frontier tier begins.' })
  @Property({ type: 'double' })
  thresholdFrontier = 0.7;

  @Field(() => Boolean, { description: 'A second candidate after the p95 of the first token.' })
  @Property({ type: 'boolean' })
  hedge = false;

  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => Date)
  @Property({ type: 'datetime', onUpdate: () => new Date() })
  updatedAt: Date = new Date();

  @Field(() => [String])
  frontier(): string[] {
    return this.tiers.frontier ?? [];
  }

  @Field(() => [String])
  standard(): string[] {
    return this.tiers.standard ?? [];
  }

  @Field(() => [String])
  value(): string[] {
    return this.tiers.value ?? [];
  }
}
