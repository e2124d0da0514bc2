/**
 * Loaded before one of our programs (`node --import`): ends it when the process that started it is gone. Standard input is a pipe
 * whose other end only that process holds. The program gets SIGTERM, as from any supervisor, and is killed when it hangs.
 */

/** Longer than a drain of open streams takes in local mode. */
const HANG_MS = 20_000;

process.stdin.on('error', end).on('end', end).on('close', end).resume();
if ('unref' in process.stdin) process.stdin.unref();

let ending = false;

function end(): void {
  if (ending) return;
  ending = true;
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), HANG_MS).unref();
  process.kill(process.pid, 'SIGTERM');
}
