import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { newId } from '../../db/new-id.js';

export type AccountStatus = 'active' | 'suspended' | 'closed';

/** Who pays: has members, keys and a wallet. */
@ObjectType()
@Entity({ tableName: 'account' })
export class Account {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id: string = newId();

  @Field(() => String)
  @Property({ type: 'text' })
  name!: string;

  @Field(() => String, { description: 'active, suspended or closed.' })
  @Property({ type: 'text' })
  status: AccountStatus = 'active';

  @Field(() => Date, { nullable: true, description: 'Set while no new request is admitted: a debt, or a mismatch under review.' })
  @Property({ type: 'datetime', nullable: true })
  frozenAt: Date | null = null;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  frozenReason: string | null = null;

  @Field(() => Int, { nullable: true })
  @Property({ type: 'integer', nullable: true })
  requestsPerMinute: number | null = null;

  @Field(() => Int, { nullable: true })
  @Property({ type: 'integer', nullable: true })
  tokensPerMinute: number | null = null;

  @Field(() => String, { nullable: true, description: 'deny: vendors that train on data never serve this account.' })
  @Property({ type: 'text', nullable: true })
  dataCollection: 'allow' | 'deny' | null = null;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Property({ type: 'datetime', onUpdate: () => new Date() })
  updatedAt: Date = new Date();
}
