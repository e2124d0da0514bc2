import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { recordAudit } from '../audit/record-audit.js';
import type { Kms } from '../byok/kms.js';
import type { Actor } from '../permissions.js';
import { requirePassword } from './change-password.js';
import type { PasswordHasher } from './hash-password.js';
import { matchTotp, newRecoveryCodes, newTotpSecret, openTotp, sealTotp } from './totp.js';
import { User } from './user.entity.js';

export interface TotpSetup {
  /** Base32, for typing. */
  readonly secret: string;
  /** `otpauth://`, for a QR code. */
  readonly uri: string;
}

/** A new secret, not in force until `confirmTotp`. Throws `conflict` when one is in force. */
export async function beginTotp(em: EntityManager, kms: Kms, actor: Actor): Promise<TotpSetup> {
  const user = await em.findOneOrFail(User, { id: actor.userId });
  if (user.totpEnabledAt) throw new GatewayError('conflict', 'A second factor is in force. Turn it off first.');
  const { secret, base32 } = newTotpSecret();
  user.totpSecret = await sealTotp(kms, secret, user.id);
  await em.flush();
  return { secret: base32, uri: `otpauth://totp/ModelAPI:${encodeURIComponent(user.email)}?secret=${base32}&issuer=ModelAPI` };
}

/** In force from now on; returns the recovery codes, shown this once. Throws `invalid_request` for a wrong code. */
export async function confirmTotp(em: EntityManager, kms: Kms, actor: Actor, code: string): Promise<string[]> {
  return em.transactional(async (transaction) => {
    const user = await transaction.findOneOrFail(User, { id: actor.userId });
    if (!user.totpSecret || user.totpEnabledAt) throw new GatewayError('conflict', 'Begin the set-up first.');
    const step = matchTotp(await openTotp(kms, user.totpSecret, user.id), code.trim(), Date.now());
    if (step === undefined)
      throw new GatewayError('invalid_request', 'The code is wrong. Check the clock of your device.', { param: 'code' });
    const { codes, hashes } = newRecoveryCodes();
    user.totpEnabledAt = new Date();
    user.recoveryHashes = hashes;
    await transaction.flush();
    await audit(transaction, actor, 'totp.enable');
    return codes;
  });
}

export async function disableTotp(em: EntityManager, passwords: PasswordHasher, actor: Actor, password: string): Promise<void> {
  await requirePassword(em, passwords, actor, password);
  await em.transactional(async (transaction) => {
    await transaction.nativeUpdate(User, { id: actor.userId }, { totpSecret: null, totpEnabledAt: null, recoveryHashes: [] });
    await audit(transaction, actor, 'totp.disable');
  });
}

async function audit(em: EntityManager, actor: Actor, action: string): Promise<void> {
  await recordAudit(em, actor, { action, subjectType: 'user', subjectId: actor.userId, accountId: null });
}
