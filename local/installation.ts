/**
 * `.data`: everything that one local installation keeps. One stack at a time runs on it: who starts claims it with a pid file, and a
 * second start finds out where the first one is.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locateData } from './services/postgres-binaries.js';
import { commandOf, readPid } from './services/stale-process.js';

/** What the banner prints, for scripts: `.data/local.json`. URLs have no trailing slash; those of `regions` and `gateway` take `/v1/...`. */
export interface LocalRecord {
  readonly gateway: string;
  /** Region id -> the gateway there. */
  readonly regions: Readonly<Record<string, string>>;
  /** The same by the region's own name: `http://sg.api.localhost:8080`. Not every resolver knows such names; browsers and curl do. */
  readonly hosts: Readonly<Record<string, string>>;
  readonly control: string;
  readonly console: string;
  readonly graphql: string;
  readonly apiKey: string;
  readonly testKey: string;
  readonly operator: { readonly email: string; readonly password: string };
  readonly sandbox: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
  /** Of the supervisor, and of each program by name. */
  readonly pid: number;
  readonly pids: Readonly<Record<string, number>>;
}

export class Installation {
  readonly logs: string;
  readonly secretsFile: string;
  readonly postgresFolder: string;
  readonly redisPidFile: string;
  readonly #pidFile: string;
  readonly #recordFile: string;

  constructor(readonly folder: string) {
    this.logs = join(folder, 'logs');
    this.secretsFile = join(folder, 'secrets.json');
    this.postgresFolder = locateData(join(folder, 'postgres'));
    this.redisPidFile = join(folder, 'redis.pid');
    this.#pidFile = join(folder, 'start.pid');
    this.#recordFile = join(folder, 'local.json');
  }

  /** Undefined when this process has it now; else the process that has it, and its record once it is ready. */
  claim(): { pid: number; record: LocalRecord | undefined } | undefined {
    mkdirSync(this.logs, { recursive: true });
    const pid = this.#runningPid();
    if (pid !== undefined) return { pid, record: this.readRecord() };
    rmSync(this.#recordFile, { force: true });
    rmSync(this.#pidFile, { force: true });
    try {
      writeFileSync(this.#pidFile, `${process.pid}\n`, { flag: 'wx' });
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return { pid: readPid(this.#pidFile) ?? 0, record: undefined };
    }
  }

  release(): void {
    rmSync(this.#recordFile, { force: true });
    rmSync(this.#pidFile, { force: true });
  }

  /** Whole or not at all: scripts wait for it. */
  writeRecord(record: LocalRecord): void {
    const partial = `${this.#recordFile}.partial`;
    writeFileSync(partial, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
    renameSync(partial, this.#recordFile);
  }

  readRecord(): LocalRecord | undefined {
    return existsSync(this.#recordFile) ? (JSON.parse(readFileSync(this.#recordFile, 'utf8')) as LocalRecord) : undefined;
  }

  /** Throws while a stack runs on it. */
  remove(): void {
    const pid = this.#runningPid();
    if (pid !== undefined) throw new Error(`ModelAPI is running (process ${pid}): stop it first`);
    rmSync(this.postgresFolder, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Pids are used again: only a process that was started as we are counts. */
  #runningPid(): number | undefined {
    const pid = readPid(this.#pidFile);
    return pid !== undefined && pid !== process.pid && commandOf(pid).includes('dist/local/start.js') ? pid : undefined;
  }
}
