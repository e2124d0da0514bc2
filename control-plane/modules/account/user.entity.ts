import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType } from 'type-graphql';
import { newId } from '../../db/new-id.js';
import type { SealedTotp } from './totp.js';

/** A person. Columns without `@Field` cannot be asked for. */
@ObjectType()
@Entity({ tableName: 'app_user' })
export class User {
  @Field(() => ID)
  @PrimaryKey({ type: 'uuid' })
  id: string = newId();

  @Field(() => String)
  @Property({ type: 'text' })
  email!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  name = '';

  @Property({ type: 'text', nullable: true, hidden: true })
  passwordHash: string | null = null;

  @Property({ type: 'boolean' })
  operator = false;

  @Property({ type: 'datetime', nullable: true })
  emailVerifiedAt: Date | null = null;

  /** Sealed; see `modules/account/totp.ts`. */
  @Property({ type: 'json', nullable: true, hidden: true })
  totpSecret: SealedTotp | null = null;

  @Property({ type: 'datetime', nullable: true })
  totpEnabledAt: Date | null = null;

  @Property({ type: 'array', columnType: 'text[]', hidden: true })
  recoveryHashes: string[] = [];

  @Property({ type: 'datetime', nullable: true })
  disabledAt: Date | null = null;

  @Property({ type: 'datetime', nullable: true })
  lastLoginAt: Date | null = null;

  @Field(() => Date)
  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => Boolean)
  emailVerified(): boolean {
    return this.emailVerifiedAt !== null;
  }

  @Field(() => Boolean)
  totpEnabled(): boolean {
    return this.totpEnabledAt !== null;
  }

  @Field(() => String, { description: 'operator (of this gateway) or customer.' })
  role(): string {
    return this.operator ? 'operator' : 'customer';
  }
}
