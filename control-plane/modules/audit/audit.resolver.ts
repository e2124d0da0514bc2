import { Arg, Args, Authorized, Ctx, Field, FieldResolver, ID, Int, ObjectType, Query, Resolver, Root } from 'type-graphql';
import { findPage, type Page, UUID_PATTERN } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { requireUuid } from '../identifiers.js';
import { AuditLine } from './audit-line.entity.js';
import { verifyAudit } from './verify-audit.js';

const AuditLineConnection = connectionOf('AuditLine', AuditLine);
const ORDER = { key: 'id', direction: 'desc', pattern: UUID_PATTERN } as const;

@ObjectType({ description: 'The hash chains of the audit log, recomputed.' })
export class AuditVerification {
  @Field(() => Int)
  lines!: number;

  @Field(() => [String], { description: 'Lines whose hash or link is wrong: chain and sequence.' })
  broken!: string[];
}

@Resolver(() => AuditLine)
export class AuditResolver {
  @Authorized('audit:read')
  @Query(() => AuditLineConnection, { description: 'Of your account, newest first.' })
  auditLog(@Ctx() context: RequestContext, @Args(() => PageArguments) page: PageArguments): Promise<Page<AuditLine>> {
    return findPage(context.em, AuditLine, { accountId: requireActor(context).accountId }, page, ORDER);
  }

  @Authorized('operator')
  @Query(() => AuditLineConnection, { description: 'Of everything, or of one account.' })
  operatorAuditLog(
    @Ctx() context: RequestContext,
    @Args(() => PageArguments) page: PageArguments,
    @Arg('accountId', () => ID, { nullable: true }) accountId: string | null,
  ): Promise<Page<AuditLine>> {
    return findPage(context.em, AuditLine, accountId ? { accountId: requireUuid(accountId) } : {}, page, ORDER);
  }

  @Authorized('operator')
  @FieldResolver(() => String, { nullable: true, description: 'Who it was, for operators. Null: the system itself.' })
  async actorEmail(@Ctx() context: RequestContext, @Root() line: AuditLine): Promise<string | null> {
    return line.actorUserId === null ? null : ((await context.load.email(line.actorUserId)) ?? null);
  }

  @Authorized('operator')
  @Query(() => AuditVerification)
  verifyAuditLog(@Ctx() context: RequestContext): Promise<AuditVerification> {
    return verifyAudit(context.em);
  }
}
