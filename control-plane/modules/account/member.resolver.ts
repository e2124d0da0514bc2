import { Arg, Authorized, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { JsonScalar } from '../fields.js';
import { Account } from './account.entity.js';
import { closeAccount } from './close-account.js';
import { exportAccount } from './export-account.js';
import { Invitation } from './invitation.entity.js';
import { acceptInvitation, changeMember, inviteMember, listInvitations, revokeInvitation } from './invite-member.js';
import { listAccountsOf, listMembers } from './list-members.js';
import { Session } from './session-answers.js';
import { switchAccount, updateAccount } from './update-account.js';
import { User } from './user.entity.js';

@ObjectType()
export class Member {
  @Field(() => User)
  user!: User;

  @Field(() => String)
  role!: string;

  @Field(() => Date)
  createdAt!: Date;
}

@ObjectType({ description: 'An account that you are in.' })
export class OwnAccount {
  @Field(() => Account)
  account!: Account;

  @Field(() => String)
  role!: string;
}

@InputType({ description: 'A member that is absent keeps its value.' })
export class UpdateAccountInput {
  @Field(() => String, { nullable: true })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'deny: vendors that train on data never serve this account. allow otherwise.' })
  dataCollection?: string | null;
}

/** An account and who is in it. */
@Resolver()
export class MemberResolver {
  @Authorized('members:read')
  @Query(() => [Member])
  members(@Ctx() context: RequestContext): Promise<Member[]> {
    return listMembers(context.em, requireActor(context).accountId);
  }

  @Authorized('account:read')
  @Query(() => [OwnAccount])
  myAccounts(@Ctx() context: RequestContext): Promise<OwnAccount[]> {
    return listAccountsOf(context.em, requireActor(context).userId);
  }

  @Authorized('account:read')
  @Mutation(() => Session, { description: 'A session in another account that you are in.' })
  switchAccount(@Ctx() context: RequestContext, @Arg('accountId', () => ID) accountId: string): Promise<Session> {
    return switchAccount(context.em, context.services.sessions, requireActor(context), accountId, context);
  }

  @Authorized('members:write')
  @Query(() => [Invitation], { description: 'Open ones.' })
  invitations(@Ctx() context: RequestContext): Promise<Invitation[]> {
    return listInvitations(context.em, requireActor(context));
  }

  @Authorized('members:write')
  @Mutation(() => Invitation)
  inviteMember(
    @Ctx() context: RequestContext,
    @Arg('email', () => String) email: string,
    @Arg('role', () => String, { description: 'admin, developer, billing or viewer.' }) role: string,
  ): Promise<Invitation> {
    return inviteMember(context.em, context.services, requireActor(context), email, role);
  }

  @Authorized('members:write')
  @Mutation(() => Boolean)
  async revokeInvitation(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    await revokeInvitation(context.em, requireActor(context), id);
    return true;
  }

  @Authorized('account:read')
  @Mutation(() => Account, { description: 'With the token of the mail, signed in with the address that it was sent to.' })
  acceptInvitation(@Ctx() context: RequestContext, @Arg('token', () => String) token: string): Promise<Account> {
    return acceptInvitation(context.em, requireActor(context), token);
  }

  @Authorized('members:write')
  @Mutation(() => Boolean)
  async changeMemberRole(
    @Ctx() context: RequestContext,
    @Arg('userId', () => ID) userId: string,
    @Arg('role', () => String) role: string,
  ): Promise<boolean> {
    await changeMember(context.em, requireActor(context), userId, role);
    return true;
  }

  @Authorized('account:read')
  @Mutation(() => Boolean, { description: 'Your own id: you leave.' })
  async removeMember(@Ctx() context: RequestContext, @Arg('userId', () => ID) userId: string): Promise<boolean> {
    await changeMember(context.em, requireActor(context), userId, null);
    return true;
  }

  @Authorized('account:write')
  @Mutation(() => Account)
  updateAccount(@Ctx() context: RequestContext, @Arg('input', () => UpdateAccountInput) input: UpdateAccountInput): Promise<Account> {
    return updateAccount(context.em, requireActor(context), input);
  }

  @Authorized('audit:read')
  @Query(() => JsonScalar, { description: 'Everything that is stored of the account, secrets aside.' })
  exportAccount(@Ctx() context: RequestContext): Promise<unknown> {
    return exportAccount(context.em, requireActor(context));
  }

  @Authorized('account:close')
  @Mutation(() => Boolean, { description: 'Not to be undone.' })
  async closeAccount(@Ctx() context: RequestContext, @Arg('password', () => String) password: string): Promise<boolean> {
    await closeAccount(context.em, context.services.passwords, requireActor(context), password);
    return true;
  }
}
