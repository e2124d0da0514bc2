/** What a request under an Idempotency-Key answers, byte for byte, kept before the client sees its end. */
import type { Claim } from '../idempotency/create-idempotency.js';

/** Larger answers are not kept: the claim is given up, and a repeat runs. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

export class AnswerRecorder {
  #headers: readonly string[] = [];
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(private readonly claim: Claim) {}

  begin(headers: readonly string[]): void {
    this.#headers = headers;
  }

  add(data: Buffer): void {
    this.#bytes += data.length;
    if (this.#bytes <= MAX_KEPT_BYTES) this.#parts.push(Buffer.from(data));
    else this.#parts = [];
  }

  /** Never rejects. */
  keep(): Promise<void> {
    if (this.#bytes > MAX_KEPT_BYTES) return this.claim.release();
    return this.claim.keep({ status: 200, headers: this.#headers, body: Buffer.concat(this.#parts).toString('base64') });
  }

  giveUp(): void {
    void this.claim.release();
  }
}
