import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, Float, ID, ObjectType } from 'type-graphql';

@ObjectType({ description: 'A usage event that was refused: nothing was charged for it. Kept whole.' })
@Entity({ tableName: 'quarantine' })
export class QuarantinedEvent {
  @PrimaryKey({ type: 'bigint' })
  id!: bigint;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  nodeId!: string | null;

  @Property({ type: 'bigint', nullable: true })
  epoch!: bigint | null;

  @Property({ type: 'bigint', nullable: true })
  sequence!: bigint | null;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  requestId!: string | null;

  @Field(() => String)
  @Property({ type: 'text' })
  reason!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  detail!: string;

  @Field(() => String, { description: 'As it arrived.' })
  @Property({ type: 'text' })
  event!: string;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  receivedAt!: Date;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  resolvedAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'What the operator noted.' })
  @Property({ type: 'text', nullable: true })
  resolution!: string | null;

  @Field(() => Float, { nullable: true })
  get nodeEpoch(): number | null {
    return this.epoch === null ? null : Number(this.epoch);
  }

  @Field(() => Float, { nullable: true })
  get nodeSequence(): number | null {
    return this.sequence === null ? null : Number(this.sequence);
  }

  @Field(() => ID, { name: 'id' })
  get idText(): string {
    return String(this.id);
  }
}
