import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';

/** Read-only here, as deliveries are: written by the functions beside it, in plain SQL. */
@ObjectType({ description: 'Where the account is told of what happens.' })
@Entity({ tableName: 'webhook_endpoint', readonly: true })
export class WebhookEndpoint {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Property({ type: 'uuid' })
  accountId!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  url!: string;

  @Field(() => [String], { description: 'Empty is all.' })
  @Property({ type: 'text[]' })
  eventTypes!: string[];

  @Field(() => String, { description: 'active or disabled.' })
  @Property({ type: 'text' })
  status!: 'active' | 'disabled' | 'deleted';

  @Field(() => String, { nullable: true, description: 'gone (it answered 410), failing (for days) or owner.' })
  @Property({ type: 'text', nullable: true })
  disabledReason!: string | null;

  @Field(() => Date, { nullable: true, description: 'Since when every attempt has failed.' })
  @Property({ type: 'datetime', nullable: true })
  failingSince!: Date | null;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt!: Date;
}

@ObjectType({ description: 'One message to one receiver, and what became of it.' })
@Entity({ tableName: 'webhook_delivery', readonly: true })
export class WebhookDelivery {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id!: string;

  @Property({ type: 'uuid' })
  accountId!: string;

  @Field(() => ID, { nullable: true, description: 'Absent for a callback URL of a batch.' })
  @Property({ type: 'uuid', nullable: true })
  endpointId!: string | null;

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  callbackUrl!: string | null;

  @Field(() => String)
  @Property({ type: 'text' })
  eventType!: string;

  @Field(() => String, { description: 'JSON, as it is sent.' })
  @Property({ type: 'text' })
  payload!: string;

  @Field(() => String, { description: 'pending, delivered or failed.' })
  @Property({ type: 'text' })
  status!: 'pending' | 'delivered' | 'failed';

  @Field(() => Int)
  @Property({ type: 'integer' })
  attempts!: number;

  @Property({ type: 'datetime' })
  nextAt!: Date;

  @Field(() => Int, { nullable: true, description: 'Of the last answer.' })
  @Property({ type: 'integer', nullable: true })
  responseStatus!: number | null;

  @Field(() => String, { nullable: true, description: 'How the last answer began.' })
  @Property({ type: 'text', nullable: true })
  responseBody!: string | null;

  @Field(() => String, { nullable: true, description: 'Why there was no answer.' })
  @Property({ type: 'text', nullable: true })
  problem!: string | null;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  attemptedAt!: Date | null;

  @Field(() => Date, { nullable: true })
  @Property({ type: 'datetime', nullable: true })
  deliveredAt!: Date | null;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it is tried next, while it is pending.' })
  get nextAttemptAt(): Date | null {
    return this.status === 'pending' ? this.nextAt : null;
  }
}

@ObjectType()
export class WebhookSecret {
  @Field(() => String, { description: 'whsec_...: shown this once. After a rotation the old one signs beside it for 24 hours.' })
  secret!: string;
}

@ObjectType()
export class CreatedWebhookEndpoint extends WebhookSecret {
  @Field(() => WebhookEndpoint)
  endpoint!: WebhookEndpoint;
}
