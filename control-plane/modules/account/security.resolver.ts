import { Arg, Authorized, Ctx, Field, Mutation, ObjectType, Resolver } from 'type-graphql';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { changePassword, requestPasswordReset, resetPassword } from './change-password.js';
import { beginTotp, confirmTotp, disableTotp } from './set-up-totp.js';
import { requestEmailVerification, verifyEmail } from './verify-email.js';

@ObjectType()
export class TotpSetupAnswer {
  @Field(() => String, { description: 'Base32, for typing.' })
  secret!: string;

  @Field(() => String, { description: 'otpauth://, for a QR code.' })
  uri!: string;
}

/** A person's own password, address and second factor. */
@Resolver()
export class SecurityResolver {
  @Mutation(() => Boolean, { description: 'Sends a link, if the address is known. Always true.' })
  async requestPasswordReset(@Ctx() context: RequestContext, @Arg('email', () => String) email: string): Promise<boolean> {
    await requestPasswordReset(context.em, context.services, email, context.address);
    return true;
  }

  @Mutation(() => Boolean, { description: 'Ends every session of the person.' })
  async resetPassword(
    @Ctx() context: RequestContext,
    @Arg('token', () => String) token: string,
    @Arg('password', () => String) password: string,
  ): Promise<boolean> {
    await resetPassword(context.em, context.services.passwords, token, password, context.address);
    return true;
  }

  @Authorized('account:read')
  @Mutation(() => Boolean, { description: 'Ends every other session of the person.' })
  async changePassword(
    @Ctx() context: RequestContext,
    @Arg('current', () => String) current: string,
    @Arg('password', () => String) password: string,
  ): Promise<boolean> {
    await changePassword(context.em, context.services.passwords, requireActor(context), current, password);
    return true;
  }

  @Authorized('account:read')
  @Mutation(() => Boolean)
  async requestEmailVerification(@Ctx() context: RequestContext): Promise<boolean> {
    await requestEmailVerification(context.em, context.services, requireActor(context).userId);
    return true;
  }

  @Mutation(() => Boolean)
  async verifyEmail(@Ctx() context: RequestContext, @Arg('token', () => String) token: string): Promise<boolean> {
    await verifyEmail(context.em, token);
    return true;
  }

  @Authorized('account:read')
  @Mutation(() => TotpSetupAnswer, { description: 'A new second factor, in force once confirmed.' })
  beginTotp(@Ctx() context: RequestContext): Promise<TotpSetupAnswer> {
    return beginTotp(context.em, context.services.kms, requireActor(context));
  }

  @Authorized('account:read')
  @Mutation(() => [String], { description: 'Recovery codes, each good once. Shown this once.' })
  confirmTotp(@Ctx() context: RequestContext, @Arg('code', () => String) code: string): Promise<string[]> {
    return confirmTotp(context.em, context.services.kms, requireActor(context), code);
  }

  @Authorized('account:read')
  @Mutation(() => Boolean)
  async disableTotp(@Ctx() context: RequestContext, @Arg('password', () => String) password: string): Promise<boolean> {
    await disableTotp(context.em, context.services.passwords, requireActor(context), password);
    return true;
  }
}
