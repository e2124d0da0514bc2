import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, Float, ID, ObjectType } from 'type-graphql';

/** Raised by `alert.ts`, in the transaction that found it. */
@ObjectType('Alert', { description: 'Something that an operator should look at. Raised again while it is open, it counts up.' })
@Entity({ tableName: 'alert' })
export class AlertRow {
  @PrimaryKey({ type: 'bigint' })
  id!: bigint;

  @Field(() => String)
  @Property({ type: 'text' })
  kind!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  subject!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  detail!: string;

  @Field(() => ID, { nullable: true })
  @Property({ type: 'uuid', nullable: true })
  accountId!: string | null;

  @Property({ type: 'bigint' })
  raised!: bigint;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  firstAt!: Date;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  lastAt!: Date;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  resolvedAt!: Date | null;

  @Field(() => Float, { description: 'How often, since it is open.' })
  get times(): number {
    return Number(this.raised);
  }

  @Field(() => ID, { name: 'id' })
  get idText(): string {
    return String(this.id);
  }
}
