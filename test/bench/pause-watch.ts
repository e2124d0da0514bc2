/** The longest that the event loop was held, as processor time of the main thread between two turns and as time on the clock. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export class PauseWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: 1 });
  #running = false;
  #usedUs = 0;
  longestCpuMs = 0;

  get longestClockMs(): number {
    return this.#delay.max / 1e6;
  }

  start(): void {
    this.#running = true;
    this.#delay.enable();
    this.#usedUs = threadCpuUs();
    this.#turn();
  }

  stop(): void {
    this.#running = false;
    this.#delay.disable();
  }

  #turn(): void {
    setImmediate(() => {
      const nowUs = threadCpuUs();
      this.longestCpuMs = Math.max(this.longestCpuMs, (nowUs - this.#usedUs) / 1000);
      this.#usedUs = nowUs;
      if (this.#running) this.#turn();
    });
  }
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
