/**
 * Calls that come together go together: while `send` is under way for some, the next ones gather and go as soon as one of the few that may
 * be open returns. A call alone waits for nobody. When `send` rejects, each call that was in it rejects.
 */
const OPEN_SENDS = 2;
/** As many as the other side takes at once. */
const MOST = 100;

interface Waiting<Call, Answer> {
  readonly call: Call;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export interface TogetherLimits<Call> {
  /** Of calls that go together, unless one alone is larger. */
  readonly bytes: number;
  readonly sizeOf: (call: Call) => number;
}

export class CallTogether<Call, Answer> {
  readonly #waiting: Waiting<Call, Answer>[] = [];
  #open = 0;
  #scheduled = false;

  /** `send` answers each of its calls, in their order. */
  constructor(
    private readonly send: (calls: readonly Call[]) => Promise<readonly Answer[]>,
    private readonly limits?: TogetherLimits<Call>,
  ) {}

  add(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject });
      this.#schedule();
    });
  }

  /** After what this turn of the event loop still brings. */
  #schedule(): void {
    if (this.#scheduled || this.#open >= OPEN_SENDS) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#sendNext();
    });
  }

  async #sendNext(): Promise<void> {
    const taken = this.#waiting.splice(0, this.#countFitting());
    if (taken.length === 0) return;
    this.#open++;
    if (this.#waiting.length > 0) this.#schedule();
    try {
      const answers = await this.send(taken.map(({ call }) => call));
      taken.forEach(({ resolve, reject }, index) => {
        const answer = answers[index];
        if (answer === undefined) reject(new Error('a call was not answered'));
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of taken) reject(error);
    } finally {
      this.#open--;
      if (this.#waiting.length > 0) this.#schedule();
    }
  }

  #countFitting(): number {
    const { limits } = this;
    const most = Math.min(this.#waiting.length, MOST);
    if (!limits) return most;
    let bytes = 0;
    for (let count = 0; count < most; count++) {
      const next = this.#waiting[count];
      bytes += next ? limits.sizeOf(next.call) : 0;
      if (count > 0 && bytes > limits.bytes) return count;
    }
    return most;
  }
}
