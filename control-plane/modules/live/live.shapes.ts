import { Field, ID, Int, ObjectType } from 'type-graphql';

@ObjectType({ description: 'How far a batch is. The whole of it: GET /v1/batch/:id.' })
export class BatchProgress {
  @Field(() => ID, { description: 'As the API gives it: batch_...' })
  id!: string;

  @Field(() => String, { description: 'queued, in_progress, cancelling, cancelled, completed, expired or failed.' })
  status!: string;

  @Field(() => Int)
  total!: number;

  @Field(() => Int)
  completed!: number;

  @Field(() => Int)
  failed!: number;

  @Field(() => Date)
  createdAt!: Date;

  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;
}
