import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import type { SealedSecret } from '../../../shared/sealed.js';
import { newId } from '../../db/new-id.js';

/** A customer's own vendor key. Write-only: no field shows more of it than its last four characters. */
@ObjectType()
@Entity({ tableName: 'byok_credential' })
export class ByokCredential {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id: string = newId();

  @Property({ type: 'uuid' })
  accountId!: string;

  @Field(() => ID, { nullable: true, description: 'The only API key that may use it; null is every key of the account.' })
  @Property({ type: 'uuid', nullable: true })
  apiKeyId: string | null = null;

  @Field(() => String, { name: 'provider' })
  @Property({ type: 'text' })
  vendorId!: string;

  @Field(() => String, { description: 'prefer: the house serves when it fails. only: it never does.' })
  @Property({ type: 'text' })
  mode!: 'prefer' | 'only';

  @Field(() => String, { nullable: true })
  @Property({ type: 'text', nullable: true })
  baseUrl: string | null = null;

  @Field(() => String)
  @Property({ type: 'text' })
  last4!: string;

  @Property({ type: 'json', hidden: true, lazy: true })
  sealed!: SealedSecret;

  @Property({ type: 'text', hidden: true, lazy: true })
  wrappedKey!: string;

  @Property({ type: 'integer' })
  secretVersion = 1;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Property({ type: 'datetime', nullable: true })
  deletedAt: Date | null = null;
}
