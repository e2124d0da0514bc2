/**
 * Addresses for deposits. The server holds an extended PUBLIC key only: it can derive every address and spend from none.
 * Each account has one address a network, for ever; the index is handed out under the table's own uniqueness.
 */
import { createHash, ECDH } from 'node:crypto';
import type { Pool } from 'pg';
import { keccak256 } from 'viem';
import { HDKey } from 'viem/accounts';
import type { UsdtNetwork } from './payments.js';

/** `m/0/<index>` below the given key: the external chain of BIP-44. */
const EXTERNAL_CHAIN = 0;
const TRON_PREFIX = 0x41;
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** The account's address, made when it has none. 20 bytes, `0x` and lower-case hex. */
export async function assignAddress(pool: Pool, network: UsdtNetwork, xpub: string, accountId: string): Promise<string> {
  for (;;) {
    const { rows } = await pool.query<{ address: string | null; next: number }>(
      `SELECT (SELECT address FROM deposit_address WHERE network = $1 AND account_id = $2) AS address,
         (SELECT coalesce(max(address_index) + 1, 0) FROM deposit_address WHERE network = $1) AS next`,
      [network, accountId],
    );
    const known = rows[0]?.address;
    if (known) return known;
    const index = rows[0]?.next ?? 0;
    // Somebody else may take the index, or make this account's address: then look again.
    await pool.query(
      'INSERT INTO deposit_address (network, account_id, address_index, address) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [network, accountId, index, deriveAddress(xpub, index)],
    );
  }
}

export function deriveAddress(xpub: string, index: number): string {
  const { publicKey } = HDKey.fromExtendedKey(xpub).deriveChild(EXTERNAL_CHAIN).deriveChild(index);
  if (!publicKey) throw new Error('the extended public key has no public key');
  const uncompressed = ECDH.convertKey(publicKey, 'secp256k1', undefined, undefined, 'uncompressed');
  if (typeof uncompressed === 'string') throw new Error('unreachable: no encoding was asked for');
  return `0x${keccak256(uncompressed.subarray(1)).slice(-40)}`;
}

/** As people write it: base58 with a checksum on TRON, hex elsewhere. */
export function displayAddress(network: UsdtNetwork, address: string): string {
  if (network !== 'tron') return address;
  const payload = Buffer.concat([Buffer.from([TRON_PREFIX]), Buffer.from(address.slice(2), 'hex')]);
  return base58(Buffer.concat([payload, checksum(payload)]));
}

/** `0x` and lower-case hex of an address as people write it. Throws on a wrong checksum. */
export function parseAddress(network: UsdtNetwork, text: string): `0x${string}` {
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return `0x${text.slice(2).toLowerCase()}`;
  const bytes = network === 'tron' ? fromBase58(text) : undefined;
  const payload = bytes?.subarray(0, -4);
  if (!bytes || payload?.length !== 21 || payload[0] !== TRON_PREFIX || !checksum(payload).equals(bytes.subarray(-4)))
    throw new Error(`not an address of ${network}: ${text}`);
  return `0x${payload.subarray(1).toString('hex')}`;
}

function checksum(payload: Buffer): Buffer {
  const once = createHash('sha256').update(payload).digest();
  return createHash('sha256').update(once).digest().subarray(0, 4);
}

function base58(bytes: Buffer): string {
  let value = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (; value > 0n; value /= 58n) text = (ALPHABET[Number(value % 58n)] ?? '') + text;
  return text;
}

function fromBase58(text: string): Buffer | undefined {
  let value = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    value = value * 58n + BigInt(digit);
  }
  return Buffer.from(value.toString(16).padStart(50, '0'), 'hex');
}
