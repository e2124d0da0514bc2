/**
 * Child processes that never outlive the process that started them.
 *
 * - Each child is tethered by its standard input: a pipe whose other end only we hold. When we end in any way, `kill -9` included, the
 *   kernel closes the pipe and the child stops itself: our own programs through `tether.ts`, foreign ones through a small shell.
 * - Children have a process group of their own, so a Ctrl-C in the terminal reaches only us and the stop is in our order.
 * - `stop` asks, waits, then kills the whole group; it resolves when the child is gone. It never rejects.
 * - Output goes to one log file; the last lines are given in the error when a child ends before it is ready.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A foreign program gets this long to end cleanly before its group is killed. PostgreSQL writes a checkpoint in it. */
const STOP_GRACE_MS = 10_000;

/** Waits for the end of its input or of the program, whichever is first; the signal that ends the program is its first argument. */
const SHELL_TETHER = `
signal=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
trap 'kill -s "$signal" $child 2>/dev/null' TERM INT HUP
( while read -r line; do :; done; kill -s "$signal" $child ) <&3 2>/dev/null &
watcher=$!
exec 3<&-
wait $child; code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
kill $watcher 2>/dev/null
exit $code
`;

export interface ProcessOptions {
  readonly name: string;
  readonly logFile: string;
  readonly cwd?: string;
  /** The child's whole environment; absent: ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs as this user (we are root). */
  readonly uid?: number;
  readonly gid?: number;
}

export class TetheredProcess {
  readonly name: string;
  readonly logFile: string;
  /** Resolves with what ended it, such as `exit code 1` or `signal SIGKILL`. */
  readonly ended: Promise<string>;
  #child: ChildProcess;
  #alive = true;

  private constructor(child: ChildProcess, options: ProcessOptions) {
    this.#child = child;
    this.name = options.name;
    this.logFile = options.logFile;
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(this.#end(`could not start: ${error.message}`)));
      child.once('exit', (code, signal) => resolve(this.#end(signal === null ? `exit code ${code}` : `signal ${signal}`)));
    });
    // The pipe breaks when the child ends; `ended` tells that already.
    child.stdin?.on('error', () => undefined);
  }

  /** A foreign program, stopped by `stopSignal`. */
  static program(command: readonly string[], stopSignal: 'INT' | 'TERM', options: ProcessOptions): TetheredProcess {
    return TetheredProcess.#spawn('sh', ['-c', SHELL_TETHER, options.name, stopSignal, ...command], options);
  }

  /** One of our compiled programs on this same Node. `nodeFlags` come before the script. */
  static node(script: string, nodeFlags: readonly string[], options: ProcessOptions): TetheredProcess {
    const tether = new URL('tether.js', pathToCompiled(script)).href;
    return TetheredProcess.#spawn(process.execPath, ['--enable-source-maps', '--import', tether, ...nodeFlags, script], options);
  }

  static #spawn(command: string, parameters: readonly string[], options: ProcessOptions): TetheredProcess {
    const { cwd, env, uid, gid, logFile } = options;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    const child = spawn(command, parameters, {
      detached: true,
      stdio: ['pipe', log, log],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    closeSync(log);
    return new TetheredProcess(child, options);
  }

  /** Of the process itself, or of the shell that tethers a foreign one. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Closes the tether, waits, and kills what is left. */
  async stop(graceMs = STOP_GRACE_MS): Promise<void> {
    if (!this.#alive) return;
    this.#child.stdin?.destroy();
    const timer = setTimeout(() => this.#signalGroup('SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** `kill -9`, as a crash would be. */
  async kill(): Promise<void> {
    if (!this.#alive) return;
    this.#signalGroup('SIGKILL');
    await this.ended;
  }

  /** For tests: `SIGSTOP` and `SIGCONT` freeze and thaw it. */
  signal(name: NodeJS.Signals): void {
    this.#signalGroup(name);
  }

  /** The end of the log, for an error message. */
  lastLines(count: number): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  }

  #end(reason: string): string {
    this.#alive = false;
    return reason;
  }

  #signalGroup(name: NodeJS.Signals): void {
    if (!this.#alive || this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, name);
    } catch (error) {
      // It ended between the check and the call.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** `<dist>/local/services/`, whichever program of `<dist>` runs: tests run uncompiled, their children never do. */
function pathToCompiled(script: string): URL {
  const dist = script.slice(0, script.lastIndexOf('/dist/') + '/dist/'.length);
  return new URL(`file://${dist}local/services/`);
}

/** Resolves when `check` says true. Rejects with the log's end when the process ends first, and after `timeoutMs`. */
export async function waitUntilReady(child: TetheredProcess, check: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let ended: string | undefined;
  void child.ended.then((reason) => {
    ended = reason;
  });
  while (!(await check().catch(() => false))) {
    if (ended !== undefined) throw new Error(`${child.name} ended before it was ready (${ended}):\n${child.lastLines(15)}`);
    if (Date.now() > deadline) throw new Error(`${child.name} was not ready in ${timeoutMs} ms:\n${child.lastLines(15)}`);
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

/** Short: it is waited out at every start. */
const READY_POLL_MS = 20;
