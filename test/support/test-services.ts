/**
 * Starts each service of a run at most once. Lives in vitest's main process, where test files reach it through `services.ts`, or in a
 * program of its own (benchmark, chaos). `stop` ends what was started and removes the folder.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../control-plane/db/migrate.js';
import { findRedis } from '../../local/services/find-redis.js';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { type PostgresServer, startPostgres } from '../../local/services/postgres.js';
import { type RedisServer, startRedis } from '../../local/services/redis.js';

/** Cloned for each test file; nobody may be connected to it. */
const TEMPLATE_DATABASE = 'modelapi_template';

export interface ServiceAnswers {
  /** `url` is of the maintenance database. */
  readonly postgres: { readonly url: string; readonly template: string };
  readonly redis: { readonly url: string; readonly program: string };
  /** The folder of the compiled program, newer than every source. */
  readonly program: { readonly dist: string };
}

type Service = keyof ServiceAnswers;

export class TestServices {
  readonly #folder = mkdtempSync(join(tmpdir(), 'modelapi-test-'));
  readonly #answers = new Map<string, Promise<ServiceAnswers[Service]>>();
  #postgres: PostgresServer | undefined;
  #redis: RedisServer | undefined;

  /** `build` brings the compiled program up to date. */
  constructor(private readonly build: () => Promise<ServiceAnswers['program']>) {}

  ask(service: string): Promise<ServiceAnswers[Service]> {
    const known = this.#answers.get(service);
    if (known !== undefined) return known;
    const answer = this.#start(service);
    this.#answers.set(service, answer);
    return answer;
  }

  async stop(): Promise<void> {
    // A service that is starting is let finish, so that it can be stopped.
    await Promise.allSettled(this.#answers.values());
    await Promise.all([this.#postgres?.process.stop(), this.#redis?.process.stop()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #start(service: string): Promise<ServiceAnswers[Service]> {
    if (service === 'postgres') return this.#startPostgres();
    if (service === 'redis') return this.#startRedis();
    if (service === 'program') return this.build();
    return Promise.reject(new Error(`no such test service: ${service}`));
  }

  async #startPostgres(): Promise<ServiceAnswers['postgres']> {
    // PostgreSQL's own user must be able to enter.
    chmodSync(this.#folder, 0o755);
    this.#postgres = await startPostgres({
      directory: join(this.#folder, 'postgres'),
      port: await findAnyFreePort(),
      password: 'test',
      durable: false,
      logFile: join(this.#folder, 'postgres.log'),
    });
    await createTemplate(this.#postgres);
    return { url: this.#postgres.url, template: TEMPLATE_DATABASE };
  }

  async #startRedis(): Promise<ServiceAnswers['redis']> {
    const program = await findRedis((step) => process.stderr.write(`${step}\n`));
    this.#redis = await startRedis({ program, port: await findAnyFreePort(), logFile: join(this.#folder, 'redis.log') });
    return { url: this.#redis.url, program };
  }
}

/** Runs from the project's root, compiled or not: SQL files are not part of the compiled program. */
async function createTemplate(server: PostgresServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await client.end();
  await migrate(server.databaseUrl(TEMPLATE_DATABASE), join(process.cwd(), 'migrations'));
}
