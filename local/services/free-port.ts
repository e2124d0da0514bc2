/** Ports that nothing listens on. Another process may take one in between: who starts a server there must be ready to try the next. */
import { createServer } from 'node:net';

/** Below the range from which systems take the ports of outgoing connections. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** The wanted port, or the next free one above it. `taken`: ports promised to others who do not listen yet. */
export async function findFreePort(wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let port = wanted; port < 65_536; port++) {
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port from ${wanted} upwards`);
}

/** Somewhere at random, so that test runs side by side do not meet. */
export function findAnyFreePort(): Promise<number> {
  return findFreePort(LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST)));
}

/** On every address and on loopback: some systems allow the one while the other is taken. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, undefined)) && (await canListen(port, '127.0.0.1'));
}

function canListen(port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, ...(host === undefined ? {} : { host }), exclusive: true }, () => server.close(() => resolve(true)));
  });
}
