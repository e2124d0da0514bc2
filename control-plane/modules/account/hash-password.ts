/**
 * Passwords: argon2id with OWASP's stronger figures. A hash takes 64 MB and some 100 ms of a core, so at most two run at a time and
 * the rest wait their turn, first come first served; when the queue is full a login is refused with 503 rather than the process
 * starved. An unknown user costs the same hash as a known one, so the answer's time tells nothing.
 */
import { hash, verify } from '@node-rs/argon2';
import { GatewayError } from '../../../shared/errors.js';

/** 2 is argon2id; the package's enum exists only for its types. */
const ARGON2 = { algorithm: 2, memoryCost: 65_536, timeCost: 3, parallelism: 1 } as const;
const AT_A_TIME = 2;
/** About ten seconds of work on the smallest machine: whoever waits longer has given up. */
const MAX_WAITING = 100;

export class PasswordHasher {
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #dummy: string | undefined;

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password, ARGON2));
  }

  /** `stored` null is an unknown user, or one without a password: false after the same work. */
  verify(stored: string | null, password: string): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#dummy ??= await hash('a password that nobody has', ARGON2);
      const matches = await verify(stored ?? this.#dummy, password);
      return matches && stored !== null;
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_A_TIME) {
      if (this.#waiting.length >= MAX_WAITING)
        throw new GatewayError('service_unavailable', 'Too many logins at once. Try again in a few seconds.', { retryAfterMs: 5_000 });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
