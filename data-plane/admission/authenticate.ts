/**
 * Who is calling, from the snapshot alone: no hop, no disk. Checked in this order: format and checksum of the key (offline), that it
 * exists, that it has not expired, that the key and the account are active, that it may be used here and from there.
 *
 * 401 says only that the key is unknown, revoked or expired; everything else is a 403 that names the cause. A missing or stale
 * configuration is not this stage's business (503 `not_ready`), so our own failure never looks like a bad key.
 * What a header hashes to is remembered; what it may do is looked up anew in every snapshot, so a revocation takes effect with its own.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { ACCOUNT_ACTIVE, ACCOUNT_FROZEN, type AccessEntry, KEY_ACTIVE, KEY_PAUSED, KEY_TEST } from '../../shared/access-document.js';
import { createKeyHasher, isWellFormedApiKey } from '../../shared/api-key.js';
import { readBatchTicket } from '../../shared/batch-ticket.js';
import { GatewayError } from '../../shared/errors.js';
import { BATCH_50, INTERACTIVE } from '../../shared/money.js';
import type { Principal, Snapshot } from '../types.js';

export interface AuthenticateOptions {
  readonly pepper: string;
  readonly region: string;
  /** Batch tickets are signed under it. */
  readonly nodeToken: string;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface Credentials {
  readonly authorization: string | undefined;
  readonly address: string;
  readonly batchTicket: string | undefined;
}

export type Authenticate = (caller: Credentials, snapshot: Snapshot) => Principal;

const BEARER = /^bearer +(\S+)$/i;
/** Recent keys of a node: 16,384 headers are about 4 MB. Only keys that exist are remembered, so that guesses push nobody out. */
const REMEMBERED = 8_192;

interface Known {
  /** What the header hashes to, whatever the configuration says of it. */
  readonly hash: Buffer;
  /** Of the snapshot that the rest was read in. A number: a reference would keep an old snapshot in memory. */
  readonly revision: number;
  readonly entry: AccessEntry;
  readonly principal: Principal;
}

export function createAuthenticate(options: AuthenticateOptions): Authenticate {
  const recent = new RecentKeys();
  const hashKey = createKeyHasher(options.pepper);
  return (caller, snapshot) => {
    if (caller.batchTicket !== undefined) return authenticateTicket(caller.batchTicket, snapshot, options);
    if (caller.authorization === undefined) throw unauthorized('No API key was sent. Send it as "Authorization: Bearer sk-ama-...".');
    let known = recent.find(caller.authorization);
    if (!known || known.revision !== snapshot.revision) {
      known = lookUp(known?.hash ?? hashHeader(caller.authorization, hashKey), snapshot);
      recent.remember(caller.authorization, known);
    }
    checkStanding(known.entry, options);
    checkAddress(known.entry, caller.address);
    return known.principal;
  };
}

function hashHeader(authorization: string, hashKey: (key: string) => Buffer): Buffer {
  const key = BEARER.exec(authorization)?.[1];
  if (key === undefined) throw unauthorized('The Authorization header must be "Bearer" and an API key.');
  if (!isWellFormedApiKey(key)) throw unauthorized('This is not an API key of this service: check that it was copied whole (sk-ama-...).');
  return hashKey(key);
}

function lookUp(hash: Buffer, snapshot: Snapshot): Known {
  const entry = snapshot.access.find(hash);
  if (!entry) throw unauthorized('This API key is unknown or was revoked. Create one on the keys page.');
  return { hash, revision: snapshot.revision, entry, principal: principalOf(entry, null) };
}

/** The worker's ticket stands for the key: the key's address ranges were checked when the batch was submitted. */
function authenticateTicket(text: string, snapshot: Snapshot, options: AuthenticateOptions): Principal {
  const ticket = readBatchTicket(text, options.nodeToken, options.now());
  const entry = ticket && snapshot.access.find(ticket.keyHash);
  if (!ticket || !entry) throw unauthorized('The batch ticket is not valid, or its key was revoked.');
  checkStanding(entry, options);
  return principalOf(entry, ticket.batchItemId);
}

function principalOf(entry: AccessEntry, batchItemId: string | null): Principal {
  return {
    keyId: entry.keyId,
    accountId: entry.accountId,
    test: (entry.keyFlags & KEY_TEST) !== 0,
    keyPolicy: entry.keyPolicy,
    accountPolicy: entry.accountPolicy,
    multiplier: batchItemId === null ? INTERACTIVE : BATCH_50,
    batchItemId,
  };
}

function checkStanding(entry: AccessEntry, options: AuthenticateOptions): void {
  if ((entry.keyFlags & KEY_ACTIVE) === 0) throw unauthorized('This API key was revoked. Create one on the keys page.');
  if (entry.expiresAt !== 0 && entry.expiresAt * 1_000 <= options.now())
    throw unauthorized('This API key has expired. Create one on the keys page.');
  if ((entry.accountFlags & ACCOUNT_ACTIVE) === 0)
    throw new GatewayError('account_suspended', 'This account is suspended. Contact support to have it reinstated.');
  if ((entry.accountFlags & ACCOUNT_FROZEN) !== 0)
    throw new GatewayError(
      'account_suspended',
      'This account is frozen until an open payment dispute or balance check is settled. Contact support.',
    );
  if ((entry.keyFlags & KEY_PAUSED) !== 0)
    throw new GatewayError('forbidden', 'This API key is paused. Resume it on the keys page: one click, effective within a second.');
  const { regions } = entry.keyPolicy;
  if (regions && !regions.includes(options.region))
    throw new GatewayError(
      'region_not_allowed',
      `This API key may be used in ${regions.join(', ')} only; this is region ${options.region}.`,
    );
}

const compiled = new WeakMap<readonly string[], BlockList>();

function checkAddress(entry: AccessEntry, address: string): void {
  const { ipRanges } = entry.keyPolicy;
  if (!ipRanges) return;
  let ranges = compiled.get(ipRanges);
  if (!ranges) {
    ranges = compileRanges(ipRanges);
    compiled.set(ipRanges, ranges);
  }
  // `check` finds an IPv4 address that came as ::ffff:a.b.c.d in the IPv4 ranges too.
  const permitted = isIPv4(address) ? ranges.check(address, 'ipv4') : isIPv6(address) && ranges.check(address, 'ipv6');
  if (!permitted) throw new GatewayError('ip_not_allowed', `This API key may not be used from ${address}.`);
}

/** A range that cannot be read permits nothing. */
function compileRanges(ipRanges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ipRanges) {
    const [network = '', bits] = range.split('/');
    const family = isIPv4(network) ? 'ipv4' : isIPv6(network) ? 'ipv6' : undefined;
    const most = family === 'ipv4' ? 32 : 128;
    const prefix = bits === undefined ? most : Number(bits);
    if (family && Number.isInteger(prefix) && prefix >= 0 && prefix <= most && bits !== '') list.addSubnet(network, prefix, family);
  }
  return list;
}

function unauthorized(message: string): GatewayError {
  return new GatewayError('invalid_api_key', message);
}

/** Two generations: what was not used while the newer one filled is forgotten. */
class RecentKeys {
  #newer = new Map<string, Known>();
  #older = new Map<string, Known>();

  find(authorization: string): Known | undefined {
    const known = this.#newer.get(authorization);
    if (known) return known;
    const old = this.#older.get(authorization);
    if (old) this.remember(authorization, old);
    return old;
  }

  remember(authorization: string, known: Known): void {
    if (this.#newer.size >= REMEMBERED) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(authorization, known);
  }
}
