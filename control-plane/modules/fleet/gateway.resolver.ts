import { Authorized, Ctx, Field, ID, ObjectType, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../context.js';
import { readGateway } from './read-gateway.js';

@ObjectType({ description: 'A host that pins a request to its region.' })
export class GatewayRegion {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String)
  city!: string;

  @Field(() => String, { description: 'Without /v1.' })
  url!: string;
}

@ObjectType({ description: 'Where this installation answers API calls.' })
export class Gateway {
  @Field(() => String, { description: 'The primary host, without /v1: the nearest region answers.' })
  url!: string;

  @Field(() => [GatewayRegion])
  regions!: GatewayRegion[];
}

@Resolver()
export class GatewayResolver {
  @Authorized('account:read')
  @Query(() => Gateway)
  gateway(@Ctx() context: RequestContext): Promise<Gateway> {
    return readGateway(context.pool, context.services.gatewayUrl);
  }
}
