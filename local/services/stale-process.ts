/** Stops a server that a crash of ours left behind. A pid file alone proves nothing, since pids are used again: the command must match. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const STOP_MS = 10_000;
const POLL_MS = 50;

/** Does nothing when there is no such file or process, or its command line does not contain `mark`. Throws when it does not end. */
export async function stopStale(pidFile: string, mark: string, signal: NodeJS.Signals): Promise<void> {
  const pid = readPid(pidFile);
  if (pid === undefined || !commandOf(pid).includes(mark)) return;
  process.kill(pid, signal);
  const deadline = Date.now() + STOP_MS;
  while (commandOf(pid).includes(mark)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} of an earlier start does not end: stop it and try again`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The first line of the file, when it is a number. */
export function readPid(pidFile: string): number | undefined {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

/** Empty when there is no such process. Small images have no `ps`, macOS has no /proc. */
export function commandOf(pid: number): string {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}
