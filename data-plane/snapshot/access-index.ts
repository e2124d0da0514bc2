/**
 * Keys and accounts: the binary base and the changes since, as one lookup. Changes are applied in place, in their order; a lookup that
 * falls between two of them sees a revocation early, never late.
 */
import type { AccessBase, AccessChange, AccessEntry, AccountRecord, KeyRecord } from '../../shared/access-document.js';

export class AccessIndex {
  /** By the hash's bytes as latin1. Null: removed since the base. */
  readonly #keys = new Map<string, Omit<KeyRecord, 'hash'> | null>();
  readonly #accounts = new Map<string, AccountRecord>();

  constructor(private readonly base: AccessBase) {}

  /** `hash` is 32 bytes (`hashApiKey`). */
  find(hash: Buffer): AccessEntry | undefined {
    const changed = this.#keys.size === 0 ? undefined : this.#keys.get(hash.toString('latin1'));
    if (changed === null) return undefined;
    if (changed === undefined) return this.#fromBase(hash);
    const account = this.#account(changed.accountId);
    if (!account) return undefined;
    return {
      keyId: changed.keyId,
      accountId: changed.accountId,
      expiresAt: changed.expiresAt,
      keyFlags: changed.flags,
      accountFlags: account.flags,
      keyPolicy: changed.policy,
      accountPolicy: account.policy,
    };
  }

  apply(change: AccessChange): void {
    for (const account of change.accounts) this.#accounts.set(account.accountId, account);
    for (const { hash, key } of change.keys) this.#keys.set(Buffer.from(hash, 'hex').toString('latin1'), key);
  }

  #fromBase(hash: Buffer): AccessEntry | undefined {
    const entry = this.base.find(hash);
    const account = entry && this.#accounts.get(entry.accountId);
    return account ? { ...entry, accountFlags: account.flags, accountPolicy: account.policy } : entry;
  }

  #account(accountId: string): AccountRecord | undefined {
    const known = this.#accounts.get(accountId);
    if (known) return known;
    const found = this.base.findAccount(accountId);
    if (found) this.#accounts.set(accountId, found);
    return found;
  }
}
