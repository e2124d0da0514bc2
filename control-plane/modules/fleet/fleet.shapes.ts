import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { connectionOf, JsonScalar } from '../fields.js';

@InputType({ description: 'A member that is absent keeps its value.' })
export class RegionInput {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string | null;

  @Field(() => String, { nullable: true })
  city?: string | null;

  @Field(() => String, { nullable: true })
  url?: string | null;

  @Field(() => [String], { nullable: true })
  countries?: string[] | null;

  @Field(() => Float, { nullable: true })
  latitude?: number | null;

  @Field(() => Float, { nullable: true })
  longitude?: number | null;

  @Field(() => String, { nullable: true, description: 'REGION_PUBLIC_KEY of its nodes.' })
  sealingKey?: string | null;
}

@ObjectType({ description: 'A data-plane node, as it last spoke of itself.' })
export class FleetNode {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  region!: string;

  @Field(() => String)
  url!: string;

  @Field(() => String)
  version!: string;

  @Field(() => Boolean, { description: 'It reported within the last 15 s.' })
  live!: boolean;

  @Field(() => Boolean)
  ready!: boolean;

  @Field(() => Boolean)
  draining!: boolean;

  @Field(() => Float)
  appliedRevision!: number;

  @Field(() => String, { nullable: true, description: 'disk, redis or control-plane.' })
  appliedFrom!: string | null;

  @Field(() => Float, { description: 'Revisions behind the newest published one.' })
  revisionsBehind!: number;

  @Field(() => String, { nullable: true, description: 'A newer revision that it refused, and why.' })
  rejected!: string | null;

  @Field(() => Int)
  openRequests!: number;

  @Field(() => Float, { description: 'Settlements that are not acknowledged yet.' })
  unacknowledged!: number;

  @Field(() => Float)
  spoolBytes!: number;

  @Field(() => Float, { description: 'Milliseconds since it heard of Redis or the control plane.' })
  silenceMs!: number;

  @Field(() => JsonScalar, { description: 'Health of each endpoint, measured from its own traffic.' })
  endpoints!: unknown;

  @Field(() => Date)
  startedAt!: Date;

  @Field(() => Date)
  lastSeenAt!: Date;
}

@ObjectType()
export class RevisionChange {
  @Field(() => String)
  subjectType!: string;

  @Field(() => String)
  subjectId!: string;

  @Field(() => ID, { nullable: true })
  actorUserId!: string | null;

  @Field(() => Date)
  at!: Date;
}

@ObjectType()
export class Revision {
  @Field(() => Float)
  revision!: number;

  @Field(() => Float)
  previous!: number;

  @Field(() => Date)
  publishedAt!: Date;

  @Field(() => Float, { description: 'The revision that its catalogue was compiled at.' })
  catalogRevision!: number;

  @Field(() => Int)
  keyCount!: number;

  @Field(() => [RevisionChange])
  changes!: RevisionChange[];

  @Field(() => Int, { description: 'Live nodes that have applied it or a later one.' })
  appliedBy!: number;

  @Field(() => [String], { description: 'Why its catalogue was refused, if it was.' })
  problems!: string[];
}

@ObjectType({ description: 'One row of the catalogue that differs between two revisions.' })
export class CatalogDifference {
  @Field(() => String, { description: 'vendors, models, endpoints, groups, regions or settings.' })
  part!: string;

  @Field(() => String)
  id!: string;

  @Field(() => JsonScalar, { nullable: true, description: 'Null: it was added.' })
  before!: unknown;

  @Field(() => JsonScalar, { nullable: true, description: 'Null: it was removed.' })
  after!: unknown;
}

export const RevisionConnection = connectionOf('Revision', Revision);
