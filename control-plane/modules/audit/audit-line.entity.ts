import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../../db/new-id.js';
import { JsonScalar } from '../fields.js';

/** One line of the append-only log. Chain, sequence and hashes are written by a trigger of the database. */
@ObjectType()
@Entity({ tableName: 'audit_log' })
export class AuditLine {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id: string = newId();

  @Field(() => Date)
  @Property({ type: 'datetime' })
  at: Date = new Date();

  @Field(() => ID, { nullable: true })
  @Property({ type: 'uuid', nullable: true })
  accountId: string | null = null;

  @Field(() => ID, { nullable: true, description: 'Null: the system itself.' })
  @Property({ type: 'uuid', nullable: true })
  actorUserId: string | null = null;

  @Field(() => String)
  @Property({ type: 'text' })
  actorAddress = '';

  @Field(() => String)
  @Property({ type: 'text' })
  action!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  subjectType!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  subjectId!: string;

  @Field(() => JsonScalar)
  @Property({ type: 'json' })
  detail: object = {};
}
