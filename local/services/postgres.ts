/**
 * A PostgreSQL of our own on loopback: for `npm start` (durable, in `.data/postgres`) and for tests (fast, in a temporary folder).
 * - The folder is initialised when it is new; the password is the caller's and is set only then.
 * - A server that a crash left behind on the same folder is stopped first: it is found by its pid file and by its command line.
 * - It stops when we end, however we end (`tethered-process.ts`). Nobody else starts or stops it.
 */
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findFreePort } from './free-port.js';
import { locatePostgres, type PostgresPrograms } from './postgres-binaries.js';
import { stopStale } from './stale-process.js';
import { TetheredProcess, waitUntilReady } from './tethered-process.js';

export interface PostgresOptions {
  /** Absolute; made when missing. */
  readonly directory: string;
  /** The first port to try. */
  readonly port: number;
  readonly password: string;
  /** False: nothing survives a power cut, and every commit is about a millisecond faster. */
  readonly durable: boolean;
  readonly logFile: string;
}

export interface PostgresServer {
  /** Of the maintenance database; `databaseUrl(name)` gives the others. */
  readonly url: string;
  readonly port: number;
  readonly process: TetheredProcess;
  databaseUrl(name: string): string;
}

const READY_MS = 30_000;
const runProgram = promisify(execFile);
/** Another process may take the port between the search and the start. */
const PORT_TRIES = 5;
/** Two control planes, the workers' queues and the tests' pools at once. */
const CONNECTIONS = 300;

export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const programs = locatePostgres();
  await stopStale(join(options.directory, 'postmaster.pid'), options.directory, 'SIGINT');
  if (!existsSync(join(options.directory, 'PG_VERSION'))) await initialise(programs, options);
  let from = options.port;
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort(from);
    try {
      return await startOnPort(programs, options, port);
    } catch (error) {
      if (attempt === PORT_TRIES || !/could not bind|Address already in use/.test(String(error))) throw error;
      from = port + 1;
    }
  }
}

async function initialise(programs: PostgresPrograms, options: PostgresOptions): Promise<void> {
  const { uid, gid } = programs.user;
  rmSync(options.directory, { recursive: true, force: true });
  mkdirSync(options.directory, { recursive: true });
  chmodSync(options.directory, 0o700);
  if (uid !== undefined && gid !== undefined) chownSync(options.directory, uid, gid);
  const passwordFile = `${options.directory}.password`;
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (uid !== undefined && gid !== undefined) chownSync(passwordFile, uid, gid);
  // The built-in locale sorts by code point on every system alike.
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--encoding=UTF8'];
  const parameters = [
    `--pgdata=${options.directory}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    ...locale,
  ];
  try {
    const speed = options.durable ? [] : ['--no-sync'];
    await runProgram(programs.initdb, [...parameters, '--no-instructions', ...speed], { cwd: '/', ...programs.user });
  } catch (error) {
    rmSync(options.directory, { recursive: true, force: true });
    throw error;
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function startOnPort(programs: PostgresPrograms, options: PostgresOptions, port: number): Promise<PostgresServer> {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: CONNECTIONS,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = TetheredProcess.program([programs.postgres, '-D', options.directory, '-p', String(port), ...flags], 'INT', {
    name: 'postgres',
    logFile: options.logFile,
    cwd: '/',
    ...programs.user,
  });
  const databaseUrl = (name: string) => `postgresql://postgres:${options.password}@127.0.0.1:${port}/${name}`;
  const url = databaseUrl('postgres');
  try {
    await waitUntilReady(child, () => answers(url), READY_MS);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { url, port, process: child, databaseUrl };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end();
  }
}
