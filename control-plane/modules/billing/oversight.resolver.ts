/** What an operator sees and settles of the ledger's own doubts: alerts, refused usage, accounts that the reconciler froze. */
import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { GatewayError } from '../../../shared/errors.js';
import { findPage, NUMBER_PATTERN, type Page } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import { recordAudit } from '../audit/record-audit.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { requireUuid } from '../identifiers.js';
import { unfreezeAsOperator } from './adjust-as-operator.js';
import { AlertRow } from './alert.entity.js';
import { QuarantinedEvent } from './quarantine.entity.js';

const AlertConnection = connectionOf('Alert', AlertRow);
const QuarantinedEventConnection = connectionOf('QuarantinedEvent', QuarantinedEvent);
const NEWEST_FIRST = { key: 'id', direction: 'desc', pattern: NUMBER_PATTERN } as const;

@Resolver()
export class OversightResolver {
  @Authorized('operator')
  @Query(() => AlertConnection, { description: 'Newest first; open ones, unless told otherwise.' })
  alerts(
    @Ctx() context: RequestContext,
    @Args(() => PageArguments) page: PageArguments,
    @Arg('resolved', () => Boolean, { defaultValue: false }) resolved: boolean,
  ): Promise<Page<AlertRow>> {
    return findPage(context.em, AlertRow, resolved ? { resolvedAt: { $ne: null } } : { resolvedAt: null }, page, NEWEST_FIRST);
  }

  @Authorized('operator')
  @Mutation(() => AlertRow)
  async resolveAlert(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<AlertRow> {
    const alert = await context.em.findOne(AlertRow, { id: readNumber(id) });
    if (!alert) throw new GatewayError('not_found', 'There is no such alert.');
    alert.resolvedAt ??= new Date();
    await recordAudit(context.em, requireActor(context), { action: 'alert.resolve', subjectType: 'alert', subjectId: id, accountId: null });
    await context.em.flush();
    return alert;
  }

  @Authorized('operator')
  @Query(() => QuarantinedEventConnection, { description: 'Newest first; those nobody has looked at, unless told otherwise.' })
  quarantinedEvents(
    @Ctx() context: RequestContext,
    @Args(() => PageArguments) page: PageArguments,
    @Arg('resolved', () => Boolean, { defaultValue: false }) resolved: boolean,
  ): Promise<Page<QuarantinedEvent>> {
    return findPage(context.em, QuarantinedEvent, resolved ? { resolvedAt: { $ne: null } } : { resolvedAt: null }, page, NEWEST_FIRST);
  }

  @Authorized('operator')
  @Mutation(() => QuarantinedEvent, { description: 'The event stays; this notes what was made of it.' })
  async resolveQuarantinedEvent(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('resolution', () => String) resolution: string,
  ): Promise<QuarantinedEvent> {
    const event = await context.em.findOne(QuarantinedEvent, { id: readNumber(id) });
    if (!event) throw new GatewayError('not_found', 'There is no such event.');
    if (resolution.trim() === '' || resolution.length > 1_000)
      throw new GatewayError('invalid_request', 'Say what was made of it.', { param: 'resolution' });
    Object.assign(event, { resolvedAt: new Date(), resolution: resolution.trim() });
    const audit = { action: 'quarantine.resolve', subjectType: 'quarantine', subjectId: id, accountId: null, detail: { resolution } };
    await recordAudit(context.em, requireActor(context), audit);
    await context.em.flush();
    return event;
  }

  @Authorized('operator')
  @Mutation(() => QuarantinedEvent, { description: 'Judges it anew and settles it; refused as before when nothing has changed.' })
  async settleQuarantinedEvent(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('reason', () => String) reason: string,
  ): Promise<QuarantinedEvent> {
    if (reason.trim() === '' || reason.length > 900) throw new GatewayError('invalid_request', 'Say why.', { param: 'reason' });
    await context.services.settleAgain(requireActor(context), readNumber(id), reason.trim());
    return await context.em.findOneOrFail(QuarantinedEvent, { id: readNumber(id) }, { refresh: true });
  }

  @Authorized('operator')
  @Mutation(() => Boolean, { description: 'Ends a freeze of the reconciler. False when there was none; a debt is ended by paying it.' })
  unfreezeAccount(@Ctx() context: RequestContext, @Arg('accountId', () => ID) accountId: string): Promise<boolean> {
    return unfreezeAsOperator(context.pool, requireActor(context), requireUuid(accountId));
  }
}

function readNumber(id: string): bigint {
  if (!NUMBER_PATTERN.test(id)) throw new GatewayError('not_found', 'No such id.', { param: 'id' });
  return BigInt(id);
}
