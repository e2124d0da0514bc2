/**
 * How many items run at once, here and for one account; free places go round the accounts that wait, so that a batch of 50,000 does not
 * keep one of 10 waiting. Holds nothing but its waiters; `enter` never rejects.
 */
export class FairGate {
  #open = 0;
  readonly #openBy = new Map<string, number>();
  /** Accounts that wait, in turn; each with its own queue. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(
    private readonly limit: number,
    private readonly limitPerAccount: number,
  ) {}

  /** Resolves when a place is free; the caller must `leave`. */
  enter(account: string): Promise<void> {
    if (this.#open < this.limit && this.#of(account) < this.limitPerAccount && !this.#waiting.has(account)) {
      this.#take(account);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const queue = this.#waiting.get(account);
      if (queue) queue.push(resolve);
      else this.#waiting.set(account, [resolve]);
    });
  }

  leave(account: string): void {
    this.#open--;
    const left = this.#of(account) - 1;
    if (left === 0) this.#openBy.delete(account);
    else this.#openBy.set(account, left);
    this.#admit();
  }

  #admit(): void {
    for (const [account, queue] of this.#waiting) {
      if (this.#open >= this.limit) return;
      if (this.#of(account) >= this.limitPerAccount) continue;
      const resolve = queue.shift();
      this.#waiting.delete(account);
      // To the end of the line: the next place is another account's.
      if (queue.length > 0) this.#waiting.set(account, queue);
      if (resolve) {
        this.#take(account);
        resolve();
      }
    }
  }

  #take(account: string): void {
    this.#open++;
    this.#openBy.set(account, this.#of(account) + 1);
  }

  #of(account: string): number {
    return this.#openBy.get(account) ?? 0;
  }
}
