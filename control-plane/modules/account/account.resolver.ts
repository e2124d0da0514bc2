import { Arg, Authorized, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { Account } from './account.entity.js';
import { logIn } from './log-in.js';
import { logOut, revokeSession } from './log-out.js';
import { refreshSession } from './refresh-session.js';
import { registerAccount } from './register-account.js';
import { LoginSession } from './session.entity.js';
import { Me, Session } from './session-answers.js';
import { checkTotp } from './totp.js';
import { User } from './user.entity.js';

@Resolver()
export class AccountResolver {
  @Mutation(() => Session)
  register(
    @Ctx() context: RequestContext,
    @Arg('email', () => String) email: string,
    @Arg('password', () => String) password: string,
    @Arg('name', () => String, { nullable: true }) name: string | null,
  ): Promise<Session> {
    return registerAccount(context.em, context.services, { email, password, name }, context);
  }

  @Mutation(() => Session)
  login(
    @Ctx() context: RequestContext,
    @Arg('email', () => String) email: string,
    @Arg('password', () => String) password: string,
    @Arg('totp', () => String, { nullable: true }) totp: string | null,
  ): Promise<Session> {
    const secondFactor = checkTotp(context.services.kms, totp);
    return logIn(context.em, context.services, { email, password }, context, secondFactor);
  }

  @Mutation(() => Session)
  refreshSession(@Ctx() context: RequestContext, @Arg('refreshToken', () => String) refreshToken: string): Promise<Session> {
    return refreshSession(context.em, context.services.sessions, refreshToken, context);
  }

  @Mutation(() => Boolean, { description: 'Ends the session of the refresh token, or of the bearer. True also when it had ended.' })
  async logout(
    @Ctx() context: RequestContext,
    @Arg('refreshToken', () => String, { nullable: true }) refreshToken: string | null,
  ): Promise<boolean> {
    await logOut(context.em, context.actor, refreshToken);
    return true;
  }

  @Authorized('account:read')
  @Query(() => Me)
  async me(@Ctx() context: RequestContext): Promise<Me> {
    const actor = requireActor(context);
    const [user, account] = await Promise.all([
      context.em.findOneOrFail(User, { id: actor.userId }),
      context.em.findOneOrFail(Account, { id: actor.accountId }),
    ]);
    return { user, account, role: actor.role };
  }

  @Authorized('account:read')
  @Query(() => [LoginSession], { description: 'Your own open sessions.' })
  sessions(@Ctx() context: RequestContext): Promise<LoginSession[]> {
    const actor = requireActor(context);
    return context.em.find(LoginSession, { userId: actor.userId, revokedAt: null }, { orderBy: { lastUsedAt: 'desc' }, limit: 100 });
  }

  @Authorized('account:read')
  @Mutation(() => Boolean)
  async revokeSession(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    await revokeSession(context.em, requireActor(context), id);
    return true;
  }
}
