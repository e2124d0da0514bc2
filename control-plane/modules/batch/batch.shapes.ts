import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import { JsonScalar } from '../fields.js';

@ObjectType({
  description:
    'Completions at half price. Submitted over the API: up to 1,000 by POST /v1/batch, up to 50,000 from a file by POST /v1/batches.',
})
export class Batch {
  @Field(() => ID, { description: 'batch_...' })
  id!: string;

  @Field(() => String, { description: 'validating, queued, in_progress, cancelling, cancelled, completed, expired or failed.' })
  status!: string;

  @Field(() => Int)
  total!: number;

  @Field(() => Int)
  completed!: number;

  @Field(() => Int)
  failed!: number;

  @Field(() => String, { description: 'So far, decimal string of USD.' })
  costUsd!: string;

  @Field(() => String, { description: 'Against the same calls made interactively.' })
  savedUsd!: string;

  @Field(() => String, { description: 'What may be spent at most.' })
  ceilingUsd!: string;

  @Field(() => String, { nullable: true })
  callbackUrl!: string | null;

  @Field(() => JsonScalar, { nullable: true })
  metadata!: unknown;

  @Field(() => Date)
  createdAt!: Date;

  @Field(() => Date, { nullable: true })
  startedAt!: Date | null;

  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;

  @Field(() => Date)
  expiresAt!: Date;

  @Field(() => Float, { nullable: true, description: 'So far; absent until something is done.' })
  itemsPerSecond!: number | null;

  @Field(() => Date, { nullable: true, description: 'At the rate so far.' })
  expectedEndAt!: Date | null;
}

@ObjectType()
export class BatchItemResult {
  @Field(() => String)
  customId!: string;

  @Field(() => Int)
  statusCode!: number;

  @Field(() => JsonScalar, { nullable: true, description: 'The completion, as the API gives it.' })
  response!: unknown;

  @Field(() => JsonScalar, { nullable: true })
  error!: unknown;

  @Field(() => String)
  costUsd!: string;
}

@ObjectType({ description: 'With the results that there are, in the order of the submission.' })
export class BatchWithResults extends Batch {
  @Field(() => [BatchItemResult])
  results!: BatchItemResult[];

  @Field(() => Float, { description: 'Share that is done, 0 to 1.' })
  progress!: number;
}
