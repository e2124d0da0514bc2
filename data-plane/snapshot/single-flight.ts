/** A task that never overlaps itself. Asked for while it runs, it runs once more afterwards, however often it was asked. */
export class SingleFlight {
  #running = false;
  #again = false;
  #idle: Promise<void> = Promise.resolve();

  /** `task` must not reject. */
  constructor(private readonly task: () => Promise<void>) {}

  run(): void {
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    this.#idle = this.#drain();
  }

  /** Resolves when nothing runs and nothing is asked for. */
  idle(): Promise<void> {
    return this.#idle;
  }

  async #drain(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.task();
    }
    this.#running = false;
  }
}
