/** Items and answers at rest: AES-256-GCM under the batch's data key, bound to the item and to what it is. Opening another's throws. */
import { decrypt, encrypt } from '../../../shared/sealed.js';

/** What sealing adds to the text: nonce and tag. */
export const SEAL_BYTES = 28;

export type Sealed = 'request' | 'answer';

export function sealItem(dataKey: Buffer, itemId: string, what: Sealed, content: object): Buffer {
  return encrypt(dataKey, Buffer.from(JSON.stringify(content)), boundTo(itemId, what));
}

export function openItem<T>(dataKey: Buffer, itemId: string, what: Sealed, sealed: Buffer): T {
  return JSON.parse(openItemText(dataKey, itemId, what, sealed));
}

/** As JSON. */
export function openItemText(dataKey: Buffer, itemId: string, what: Sealed, sealed: Buffer): string {
  return decrypt(dataKey, sealed, boundTo(itemId, what)).toString('utf8');
}

function boundTo(itemId: string, what: Sealed): Buffer {
  return Buffer.from(`modelapi batch v1 ${what} ${itemId}`);
}
