import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { findPage, type Page, UUID_PATTERN } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { createEndpoint, deleteEndpoint, enableEndpoint, resendMessage, rotateWebhookSecret, sendTestMessage } from './change-endpoint.js';
import { EVENT_TYPES } from './event-types.js';
import { CreatedWebhookEndpoint, WebhookDelivery, WebhookEndpoint, WebhookSecret } from './webhook.entity.js';

const WebhookDeliveryConnection = connectionOf('WebhookDelivery', WebhookDelivery);
const EVENT_LIST = `Of ${EVENT_TYPES.join(', ')}; absent or empty is all.`;

@Resolver()
export class WebhookResolver {
  @Authorized('webhooks:read')
  @Query(() => [WebhookEndpoint], { description: 'Newest first.' })
  webhookEndpoints(@Ctx() context: RequestContext): Promise<WebhookEndpoint[]> {
    const { accountId } = requireActor(context);
    return context.em.find(WebhookEndpoint, { accountId, status: { $ne: 'deleted' } }, { orderBy: { id: 'desc' } });
  }

  @Authorized('webhooks:read')
  @Query(() => WebhookDeliveryConnection, { description: 'Newest first; kept for 30 days.' })
  webhookDeliveries(
    @Ctx() context: RequestContext,
    @Args(() => PageArguments) page: PageArguments,
    @Arg('endpointId', () => ID, { nullable: true }) endpointId: string | null,
  ): Promise<Page<WebhookDelivery>> {
    const { accountId } = requireActor(context);
    const where = endpointId && UUID_PATTERN.test(endpointId) ? { accountId, endpointId } : { accountId };
    return findPage(context.em, WebhookDelivery, where, page, { key: 'id', direction: 'desc', pattern: UUID_PATTERN });
  }

  @Authorized('webhooks:write')
  @Mutation(() => CreatedWebhookEndpoint, { description: 'Messages are signed as standardwebhooks.com says.' })
  async createWebhookEndpoint(
    @Ctx() context: RequestContext,
    @Arg('url', () => String, { description: 'https on port 443, at a public address. Redirects are not followed.' }) url: string,
    @Arg('eventTypes', () => [String], { nullable: true, description: EVENT_LIST }) eventTypes: string[] | null,
  ): Promise<CreatedWebhookEndpoint> {
    const input = { url, eventTypes: eventTypes ?? [] };
    const { id, secret } = await createEndpoint(context.pool, context.services, requireActor(context), input);
    return { endpoint: await context.em.findOneOrFail(WebhookEndpoint, { id }), secret };
  }

  @Authorized('webhooks:write')
  @Mutation(() => WebhookSecret, { description: "Without an id: the account's own, which signs calls of batches to their callback_url." })
  async rotateWebhookSecret(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID, { nullable: true }) id: string | null,
  ): Promise<WebhookSecret> {
    return { secret: await rotateWebhookSecret(context.pool, context.services.kms, requireActor(context), id ?? null) };
  }

  @Authorized('webhooks:write')
  @Mutation(() => WebhookEndpoint)
  async enableWebhookEndpoint(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('enabled', () => Boolean) enabled: boolean,
  ): Promise<WebhookEndpoint> {
    await enableEndpoint(context.pool, requireActor(context), id, enabled);
    return context.em.findOneOrFail(WebhookEndpoint, { id });
  }

  @Authorized('webhooks:write')
  @Mutation(() => Boolean)
  async deleteWebhookEndpoint(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    await deleteEndpoint(context.pool, requireActor(context), id);
    return true;
  }

  @Authorized('webhooks:write')
  @Mutation(() => WebhookDelivery, { description: 'Sends it again now, under its old id.' })
  async resendWebhook(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<WebhookDelivery> {
    await resendMessage(context.pool, requireActor(context), id);
    return context.em.findOneOrFail(WebhookDelivery, { id });
  }

  @Authorized('webhooks:write')
  @Mutation(() => WebhookDelivery, { description: 'Sends webhook.test to the endpoint.' })
  async sendTestWebhook(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<WebhookDelivery> {
    const deliveryId = await sendTestMessage(context.pool, requireActor(context), id);
    return context.em.findOneOrFail(WebhookDelivery, { id: deliveryId });
  }
}
