import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, Float, ID, ObjectType } from 'type-graphql';

/** A place where nodes run, with the public key that secrets for them are sealed to. */
@ObjectType()
@Entity({ tableName: 'region' })
export class Region {
  @Field(() => ID)
  @PrimaryKey({ type: 'text' })
  id!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  name!: string;

  @Field(() => String)
  @Property({ type: 'text' })
  city = '';

  @Field(() => String)
  @Property({ type: 'text' })
  url!: string;

  @Field(() => [String], { description: 'ISO 3166 codes of the countries nearest to it.' })
  @Property({ type: 'array', columnType: 'text[]' })
  countries: string[] = [];

  @Field(() => Float)
  @Property({ type: 'double' })
  latitude!: number;

  @Field(() => Float)
  @Property({ type: 'double' })
  longitude!: number;

  @Field(() => String, { description: 'X25519 public key, base64url.' })
  @Property({ type: 'text' })
  sealingKey!: string;

  @Property({ type: 'datetime' })
  createdAt: Date = new Date();

  @Field(() => Date)
  @Property({ type: 'datetime', onUpdate: () => new Date() })
  updatedAt: Date = new Date();
}
