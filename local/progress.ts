/** Says what takes long, a line each: `  starting PostgreSQL ... 2.1 s`. A step under a second says nothing. */

const SILENT_MS = 1_000;

interface Step {
  readonly begunMs: number;
  readonly timer: NodeJS.Timeout;
  shown: boolean;
}

export class Progress {
  #current: Step | undefined;

  constructor(private readonly stream: NodeJS.WritableStream) {}

  /** Begins a step and ends the one before. */
  announce(name: string): void {
    this.done();
    const timer = setTimeout(() => {
      step.shown = true;
      this.stream.write(`  ${name} ...`);
    }, SILENT_MS);
    const step: Step = { begunMs: performance.now(), timer, shown: false };
    this.#current = step;
  }

  done(): void {
    const step = this.#current;
    if (step === undefined) return;
    this.#current = undefined;
    clearTimeout(step.timer);
    if (step.shown) this.stream.write(` ${((performance.now() - step.begunMs) / 1000).toFixed(1)} s\n`);
  }
}
