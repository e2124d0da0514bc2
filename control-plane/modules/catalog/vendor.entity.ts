import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { SealedSecret } from '../../../shared/sealed.js';
import type { Protocol, VendorQuirks } from '../../../shared/snapshot.js';
import { newId } from '../../db/new-id.js';
import { JsonScalar } from '../fields.js';

/** Who serves models. Adding one is a row, never a file. */
@ObjectType()
@Entity({ tableName: 'vendor' })
export class Vendor {
  @Field(() => ID)
  @PrimaryKey({ type: 'text' })
  id!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  name!: string;

  @Field(() => String, { description: 'openai, anthropic or gemini: the wire protocol that it speaks.' })
  @Property({ type: 'text' })
  protocol!: Protocol;

  @Field(() => String)
  @Property({ type: 'text' })
  baseUrl!: string;

  @Field(() => Boolean)
  @Property({ type: 'boolean' })
  enabled = true;

  @Field(() => [String], { nullable: true, description: 'Regions whose traffic it may serve; null is all.' })
  @Property({ type: 'array', columnType: 'text[]', nullable: true })
  regions: string[] | null = null;

  @Field(() => Int)
  @Property({ type: 'integer' })
  connectMs = 5_000;

  @Field(() => Int)
  @Property({ type: 'integer' })
  firstTokenMs = 60_000;

  @Field(() => Int)
  @Property({ type: 'integer' })
  idleMs = 60_000;

  @Field(() => JsonScalar, { description: 'How it departs from its protocol: VendorQuirks of shared/snapshot.ts.' })
  @Property({ type: 'json' })
  quirks: VendorQuirks = {};

  @Field(() => Boolean, { description: 'Customers may name a base URL of their own with their own key.' })
  @Property({ type: 'boolean' })
  byokBaseUrl = false;

  @Field(() => Boolean)
  @Property({ type: 'boolean' })
  trainsOnData = false;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => Date)
  @Property({ type: 'datetime', onUpdate: () => new Date() })
  updatedAt: Date = new Date();
}

/** The operator's key at a vendor. Write-only: no field shows more of it than its last four characters. */
@ObjectType()
@Entity({ tableName: 'vendor_credential' })
export class VendorCredential {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id: string = newId();

  @Field(() => ID)
  @Property({ type: 'text' })
  vendorId!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  label = '';

  @Field(() => Int, { description: 'Share of the requests, against the other credentials of this vendor.' })
  @Property({ type: 'integer' })
  weight = 1;

  @Field(() => Boolean)
  @Property({ type: 'boolean' })
  enabled = true;

  @Field(() => String)
  @Property({ type: 'text' })
  last4!: string;

  @Property({ type: 'json', hidden: true, lazy: true })
  sealed!: SealedSecret;

  @Property({ type: 'text', hidden: true, lazy: true })
  wrappedKey!: string;

  @Property({ type: 'integer' })
  secretVersion = 1;

  /** Counts the operator's clicks that ended a rest. */
  @Property({ type: 'integer' })
  wakes = 0;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Property({ type: 'datetime', nullable: true })
  deletedAt: Date | null = null;
}
