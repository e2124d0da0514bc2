/**
 * Keeps the processes of `npm start` together: they run all or none. The first to end by itself ends the stack; so do Ctrl-C, SIGTERM,
 * a closed terminal and the death of the process that started us. A second signal does not wait.
 */
import type { TetheredProcess } from './services/tethered-process.js';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

export class Supervisor {
  /** In the order in which they were started: stopped the other way round. */
  readonly #groups: TetheredProcess[][] = [];
  #stopping: Promise<void> | undefined;
  #end: (reason: string | undefined) => void = () => undefined;
  /** Resolves with what went wrong, or undefined when somebody asked for the end. */
  readonly ended = new Promise<string | undefined>((resolve) => {
    this.#end = resolve;
  });

  constructor() {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (this.#stopping !== undefined) void this.#killAll();
        this.#end(undefined);
      });
    }
    process.once('disconnect', () => this.#end(undefined));
  }

  /** A group stops together, before those that were watched earlier. */
  watch(...group: TetheredProcess[]): void {
    this.#groups.push(group);
    for (const child of group) {
      void child.ended.then((reason) => {
        if (this.#stopping === undefined)
          this.#end(`${child.name} ended by itself (${reason}); the end of ${child.logFile}:\n${child.lastLines(10)}`);
      });
    }
  }

  /** By name. */
  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#groups.flat().map((child) => [child.name, child.pid]));
  }

  stopAll(): Promise<void> {
    this.#stopping ??= this.#stopInOrder();
    return this.#stopping;
  }

  async #stopInOrder(): Promise<void> {
    for (const group of this.#groups.toReversed()) await Promise.all(group.map((child) => child.stop()));
  }

  async #killAll(): Promise<void> {
    await Promise.all(this.#groups.flat().map((child) => child.kill()));
  }
}
