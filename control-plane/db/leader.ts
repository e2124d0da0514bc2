/**
 * Work that one process at a time may do, however many control planes run: whoever holds a session-level advisory lock of PostgreSQL is
 * the leader, and its connection is the proof: when the process or the connection dies, the lock is free and another takes over.
 * The work gets that very connection, so a leader that lost its lock cannot write through it.
 */
import pg from 'pg';

/** How often a follower asks whether the lock is free, and how long a failed leader waits: takeover within about this. */
const RETRY_MS = 2_000;

export interface LeaderOptions {
  readonly databaseUrl: string;
  /** A constant of the work's own. */
  readonly lock: number;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
  readonly name: string;
  /** Runs while this process leads; must return soon after `signal` aborts. A rejection gives up the lead and tries again. */
  readonly lead: (client: pg.Client, signal: AbortSignal) => Promise<void>;
}

export interface Leadership {
  stop(): Promise<void>;
}

export function runAsLeader(options: LeaderOptions): Leadership {
  const stopping = new AbortController();
  const finished = (async () => {
    while (!stopping.signal.aborted) {
      await tryToLead(options, stopping.signal).catch((error: unknown) => {
        if (!stopping.signal.aborted) options.log.warn({ err: error }, `${options.name}: lead lost`);
      });
      await sleep(RETRY_MS, stopping.signal);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await finished;
    },
  };
}

async function tryToLead(options: LeaderOptions, stop: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString: options.databaseUrl, keepAlive: true, application_name: `modelapi ${options.name}` });
  const lost = new AbortController();
  client.on('error', () => lost.abort());
  client.on('end', () => lost.abort());
  try {
    await client.connect();
    const { rows } = await client.query<{ leads: boolean }>('SELECT pg_try_advisory_lock($1) AS leads', [options.lock]);
    if (!rows[0]?.leads) return;
    options.log.info({}, `${options.name}: leading`);
    await options.lead(client, AbortSignal.any([stop, lost.signal]));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Resolves after `delayMs`, or at once when `signal` aborts. */
export function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal.addEventListener('abort', done, { once: true });
  });
}
