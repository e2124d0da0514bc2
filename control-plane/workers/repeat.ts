import type { Logger } from 'pino';

/** Runs `work` again and again, `everyMs` after it ended. A failure is logged and the next run comes as always. */
export function repeat(name: string, everyMs: number, work: () => Promise<unknown>, log: Pick<Logger, 'error'>): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loop = async () => {
    while (!stopping.signal.aborted) {
      await work().catch((error: unknown) => log.error({ err: error }, `${name} failed`));
      await pause(everyMs, stopping.signal);
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
