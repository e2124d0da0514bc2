/**
 * A Redis of our own on loopback, without persistence: the program keeps nothing in Redis that cannot be rebuilt.
 * Starts in tens of milliseconds. A server that a crash left behind is stopped first. It stops when we end, however we end.
 */
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { findFreePort } from './free-port.js';
import { stopStale } from './stale-process.js';
import { TetheredProcess, waitUntilReady } from './tethered-process.js';

export interface RedisOptions {
  /** `redis-server` or `valkey-server`, from `findRedis`. */
  readonly program: string;
  /** The first port to try. */
  readonly port: number;
  readonly logFile: string;
  /** Where the pid is remembered for the next start; absent for tests, which start afresh. */
  readonly pidFile?: string;
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly process: TetheredProcess;
}

const READY_MS = 10_000;
const PORT_TRIES = 5;

export async function startRedis(options: RedisOptions): Promise<RedisServer> {
  if (options.pidFile !== undefined) await stopStale(options.pidFile, 'modelapi-redis', 'SIGTERM');
  let from = options.port;
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort(from);
    try {
      return await startOnPort(options, port);
    } catch (error) {
      if (attempt === PORT_TRIES) throw error;
      from = port + 1;
    }
  }
}

async function startOnPort(options: RedisOptions, port: number): Promise<RedisServer> {
  const parameters = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()];
  const child = TetheredProcess.program([options.program, ...parameters], 'TERM', { name: 'modelapi-redis', logFile: options.logFile });
  try {
    await waitUntilReady(child, () => ping(port), READY_MS);
  } catch (error) {
    await child.stop();
    throw error;
  }
  if (options.pidFile !== undefined) writeFileSync(options.pidFile, `${child.pid}\n`);
  return { url: `redis://127.0.0.1:${port}`, port, process: child };
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', reject);
  });
}
