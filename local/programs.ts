/**
 * Starts the programs of a stack: control plane, data-plane node, sandbox vendor, stand-in for Stripe. Each is a process of this same Node over the
 * compiled `dist/`. `start` resolves when the program answers; it rejects with the end of the program's log when it does not.
 */
import { join } from 'node:path';
import { TetheredProcess, waitUntilReady } from './services/tethered-process.js';

/** A new space of 16 MB instead of 1: a streaming node makes much short-lived garbage, and the first-token p99 falls with it. */
export const DATA_PLANE_FLAGS = ['--max-semi-space-size=16'];
/** A cold machine that compiles and starts everything at once. */
const READY_MS = 60_000;
const READY_ANSWER_MS = 2_000;

export type ProgramKind = 'control-plane' | 'data-plane' | 'sandbox' | 'fake-stripe';

interface ProgramShape {
  readonly script: string;
  readonly flags: readonly string[];
  /** Answers `readyStatus` once it can serve. */
  readonly readyPath: string;
  readonly readyStatus: number;
}

const SHAPES: Readonly<Record<ProgramKind, ProgramShape>> = {
  'control-plane': { script: 'control-plane/main.js', flags: [], readyPath: '/readyz', readyStatus: 200 },
  'data-plane': { script: 'data-plane/main.js', flags: DATA_PLANE_FLAGS, readyPath: '/readyz', readyStatus: 200 },
  sandbox: { script: 'local/sandbox/main.js', flags: [], readyPath: '/__sandbox/requests?limit=1', readyStatus: 200 },
  // Its API refuses whoever shows no key.
  'fake-stripe': { script: 'local/fake-stripe/main.js', flags: [], readyPath: '/', readyStatus: 401 },
};

export interface ProgramOptions {
  readonly kind: ProgramKind;
  /** For messages and the log's name: `us-1`. */
  readonly name: string;
  /** The folder of the compiled program, absolute. */
  readonly dist: string;
  readonly logFolder: string;
  /** Must name PORT; HOST is loopback. */
  readonly environment: Readonly<Record<string, string>>;
  /** Before the script: `--inspect`, `--cpu-prof`, ... */
  readonly extraFlags?: readonly string[];
}

export class Program {
  readonly name: string;
  readonly url: string;
  #process: TetheredProcess | undefined;

  constructor(readonly options: ProgramOptions) {
    this.name = options.name;
    this.url = `http://127.0.0.1:${options.environment['PORT']}`;
  }

  /** The running process. Throws when it was never started. */
  get process(): TetheredProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was not started`);
    return this.#process;
  }

  /** Again after `stop` or `kill`: with the same port, folder and identity, as a supervisor would. */
  async start(): Promise<void> {
    const child = this.launch();
    await waitUntilReady(child, () => this.isReady(), READY_MS);
  }

  /** Starts without waiting for it. */
  launch(): TetheredProcess {
    const { kind, name, dist, logFolder, environment, extraFlags = [] } = this.options;
    const shape = SHAPES[kind];
    this.#process = TetheredProcess.node(join(dist, shape.script), [...shape.flags, ...extraFlags], {
      name,
      logFile: join(logFolder, `${name}.log`),
      cwd: join(dist, '..'),
      // Compiled code of the last start: a quarter less to do at the next.
      env: { NODE_COMPILE_CACHE: join(dist, '.compiled'), ...environment },
    });
    return this.#process;
  }

  async isReady(): Promise<boolean> {
    const { readyPath, readyStatus } = SHAPES[this.options.kind];
    const response = await fetch(this.url + readyPath, { signal: AbortSignal.timeout(READY_ANSWER_MS) });
    await response.body?.cancel();
    return response.status === readyStatus;
  }

  async stop(graceMs?: number): Promise<void> {
    await this.#process?.stop(graceMs);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }
}
