/** What the operating system says of a process: processor time and memory. Linux only (`/proc`). */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Ticks a second of `/proc/<pid>/stat`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Microseconds of processor time (user and system, all threads) since the process began. 10 ms fine. */
export function processorMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name may hold spaces; fields are counted after its closing parenthesis: utime and stime are the 14th and 15th of all.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
}

/** Resident megabytes. */
export function residentMegabytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(line?.[1] ?? Number.NaN) / 1_024;
}

/** Binds all threads of a process to these processors; its later children inherit it. False where the system cannot. */
export function pin(pid: number, processors: string): boolean {
  return spawnSync('taskset', ['-acp', processors, String(pid)], { stdio: 'ignore' }).status === 0;
}

/** The measured process alone on the first processor, all else on the others; undefined on a machine with one. */
export function processorPlan(): { readonly measured: string; readonly others: string } | undefined {
  const count = availableParallelism();
  return count < 2 ? undefined : { measured: '0', others: count === 2 ? '1' : `1-${count - 1}` };
}
