import type { EntityManager } from '@mikro-orm/postgresql';
import type { MailServices } from './change-password.js';
import { mintMailToken, spendMailToken } from './mail-tokens.js';
import { User } from './user.entity.js';

/** Nothing happens when it is verified already, or when enough mails were sent. */
export async function requestEmailVerification(em: EntityManager, services: MailServices, userId: string): Promise<void> {
  const user = await em.findOneOrFail(User, { id: userId });
  if (user.emailVerifiedAt) return;
  const token = await mintMailToken(em, user.id, 'verify_email');
  if (token === undefined) return;
  services.mailer.send({
    to: user.email,
    subject: 'Confirm your email address',
    text: `Confirm that this address is yours:\n\n${services.publicUrl}/verify-email?token=${token}\n\nThe link works once, for two days.`,
  });
}

export async function verifyEmail(em: EntityManager, token: string): Promise<void> {
  await em.transactional(async (transaction) => {
    const userId = await spendMailToken(transaction, token, 'verify_email');
    await transaction.nativeUpdate(User, { id: userId }, { emailVerifiedAt: new Date() });
  });
}
