import { Authorized, Ctx, Field, ObjectType, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../context.js';
import { USDT_NETWORKS } from './payments.js';

@ObjectType({ description: 'A way to pay that this installation offers.' })
export class TopUpMethod {
  @Field(() => String, { description: 'card, wechat_pay, alipay or usdt.' })
  method!: string;

  @Field(() => String, { nullable: true, description: 'For usdt: ethereum or tron.' })
  network!: string | null;
}

const STRIPE_METHODS = ['card', 'wechat_pay', 'alipay'];

@Resolver()
export class TopUpMethodResolver {
  @Authorized('billing:read')
  @Query(() => [TopUpMethod], { description: 'What is not configured is not offered.' })
  topUpMethods(@Ctx() context: RequestContext): TopUpMethod[] {
    const { stripe, usdt } = context.services.payments;
    const networks = USDT_NETWORKS.filter((network) => usdt[network] !== undefined);
    return [
      ...(stripe ? STRIPE_METHODS.map((method) => ({ method, network: null })) : []),
      ...networks.map((network) => ({ method: 'usdt', network })),
    ];
  }
}
