/**
 * `npm run bench:console [-- --requests=1000000 --keys=10000 --runs=30 --database=<url> --redis=<url> --pages]`
 *
 * Every query of the console against a database of that size: the time over HTTP (best, p50, p95), how many SQL statements one takes, the p95 of
 * the slowest statement, and the indexes by which PostgreSQL answers (EXPLAIN). `--pages` opens every page in Chromium and says when it is
 * interactive. Without `--database` it starts PostgreSQL and fills it (some minutes); with one, that one must be filled already.
 * Exits with 1 when a query's p95 is over 100 ms or a page takes more than 1.5 s.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { createControlPlane } from '../../control-plane/app.js';
import { migrate } from '../../control-plane/db/migrate.js';
import { closeLedgerHours } from '../../control-plane/modules/billing/trial-balance.js';
import { OPERATOR_EMAIL, seedDemo } from '../../local/demo-data.js';
import { generateSecrets } from '../../local/secrets.js';
import { setPassword } from '../../local/seed-accounts.js';
import { seedLarge } from '../../local/seed-large.js';
import { type ConsoleOperation, findSeededIds, listConsoleOperations } from '../support/console-operations.js';
import { type LoggedStatement, logStatements, type StatementLog } from '../support/statement-log.js';
import { TestServices } from '../support/test-services.js';
import { measurePages } from './console-pages.js';

const QUERY_LIMIT_MS = 100;
const PAGE_LIMIT_MS = 1_500;
const CUSTOMER = 'customer-0@large.test';
/** A month's statement of 200,000 requests is made when somebody downloads it: shown, but no page waits for it. */
const DOCUMENTS = new Set(['StatementCsv', 'StatementPdf']);

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    keys: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '30' },
    database: { type: 'string' },
    redis: { type: 'string' },
    pages: { type: 'boolean', default: false },
  },
});

const dist = fileURLToPath(new URL('../..', import.meta.url));
const services = new TestServices(() => Promise.resolve({ dist }));
const secrets = generateSecrets(['us']);
let failed = false;

try {
  const databaseUrl = options.database ?? (await fillDatabase());
  const redisUrl = options.redis ?? ((await services.ask('redis')) as { url: string }).url;
  await prepare(databaseUrl);
  const log = logStatements();
  const control = await createControlPlane(configOf(databaseUrl, redisUrl), { consoleDirectory: `${dist}/console` });
  // The server alone: workers would be measured, too.
  const url = await control.server.listen({ host: '127.0.0.1', port: 0 });
  await measureQueries(url, databaseUrl, log);
  log.stop();
  if (options.pages) {
    const people = { customer: CUSTOMER, operator: OPERATOR_EMAIL, password: secrets.operatorPassword };
    for (const { path, interactiveMs } of await measurePages(url, people)) {
      if (interactiveMs > PAGE_LIMIT_MS) failed = true;
      console.log(`page /${path}: interactive after ${Math.round(interactiveMs)} ms${interactiveMs > PAGE_LIMIT_MS ? '  OVER' : ''}`);
    }
  }
  await control.close();
} finally {
  await services.stop();
}
process.exit(failed ? 1 : 0);

async function fillDatabase(): Promise<string> {
  const { url, template } = (await services.ask('postgres')) as { url: string; template: string };
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE large TEMPLATE ${template}`);
  await client.end();
  const databaseUrl = url.replace(/\/postgres$/, '/large');
  await seedLarge(databaseUrl, { requests: Number(options.requests), keys: Number(options.keys) }, (step) => console.log(`seed: ${step}`));
  return databaseUrl;
}

/** The catalogue, an operator and a customer who can log in, and what workers would have done by now. */
async function prepare(databaseUrl: string): Promise<void> {
  await migrate(databaseUrl, 'migrations');
  const vendors = { known: [], credentials: {}, baseUrls: {}, localOpenAiBaseUrl: undefined };
  await seedDemo({ databaseUrl, secrets, regions: {}, sandboxUrl: 'http://127.0.0.1:1', vendors, warn: () => undefined });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const client = await pool.connect();
  const { rows } = await client.query('SELECT id FROM app_user WHERE email = $1', [CUSTOMER]);
  await setPassword(client, rows[0].id, secrets.operatorPassword);
  client.release();
  await closeLedgerHours(pool);
  await pool.query('VACUUM ANALYZE');
  await pool.end();
}

function configOf(databaseUrl: string, redisUrl: string): Parameters<typeof createControlPlane>[0] {
  const pair = ({ publicKey, privateKey }: { publicKey: string; privateKey: string }) => ({ d: privateKey, x: publicKey });
  return {
    mode: 'local',
    host: '127.0.0.1',
    port: 0,
    publicUrl: 'http://127.0.0.1',
    gatewayUrl: undefined,
    databaseUrl,
    redisUrl,
    redisPrefix: 'bench-console',
    nodeToken: secrets.nodeToken,
    apiKeyPepper: secrets.apiKeyPepper,
    snapshotKey: pair(secrets.snapshot),
    jwtKey: pair(secrets.jwt),
    kmsKey: Buffer.from(secrets.kmsKey, 'base64url'),
    smtpUrl: undefined,
    mailDirectory: undefined,
    mailFrom: 'ModelAPI <no-reply@localhost>',
    egressAllowedOrigins: [],
    signUpsPerHour: 1_000,
    trustedProxies: [],
    tracesEndpoint: undefined,
    logLevel: 'error',
    identityProvider: undefined,
    payment: { stripe: undefined, usdt: { ethereum: undefined, tron: undefined } },
  };
}

async function measureQueries(url: string, databaseUrl: string, log: StatementLog): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const operations = listConsoleOperations(await findSeededIds(pool));
  const tokens = { operator: await logIn(url, OPERATOR_EMAIL), customer: await logIn(url, CUSTOMER) };
  console.log('| operation | best ms | p50 ms | p95 ms | SQL | slowest SQL p95 ms | by |\n|---|---|---|---|---|---|---|');
  for (const operation of operations) {
    const token = operation.operator ? tokens.operator : tokens.customer;
    await send(url, operation, token);
    const times: number[] = [];
    const statements = new Map<string, LoggedStatement[]>();
    let count = 0;
    log.take();
    for (let run = 0; run < Number(options.runs); run++) {
      const startedAt = performance.now();
      await send(url, operation, token);
      times.push(performance.now() - startedAt);
      const taken = log.take();
      count = taken.length;
      for (const statement of taken) statements.set(statement.text, [...(statements.get(statement.text) ?? []), statement]);
    }
    const ranked = [...statements.values()]
      .map((runs) => ({
        p95: percentile(
          runs.map((one) => one.durationMs),
          0.95,
        ),
        last: runs.at(-1),
      }))
      .sort((left, right) => right.p95 - left.p95);
    const slowest = ranked[0];
    const access = slowest?.last ? await explain(pool, slowest.last) : '';
    const p95 = percentile(times, 0.95);
    const slow = p95 > QUERY_LIMIT_MS && !DOCUMENTS.has(operation.name);
    if (slow) failed = true;
    const over = slow ? ' OVER' : '';
    console.log(
      `| ${operation.name}${over} | ${Math.min(...times).toFixed(1)} | ${percentile(times, 0.5).toFixed(1)} | ${p95.toFixed(1)} | ${count} | ${(slowest?.p95 ?? 0).toFixed(1)} | ${access} |`,
    );
    if (over && slowest?.last) console.log(`\n${slowest.last.text}\n${JSON.stringify(slowest.last.values)}\n`);
  }
  await pool.end();
}

async function logIn(url: string, email: string): Promise<string> {
  const query = 'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { token } }';
  const data = await send(
    url,
    { name: 'login', query, variables: { email, password: secrets.operatorPassword }, operator: false },
    undefined,
  );
  return (data as { login: { token: string } }).login.token;
}

async function send(url: string, { name, query, variables }: ConsoleOperation, token: string | undefined): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: { message: string }[] };
  if (errors) throw new Error(`${name}: ${errors[0]?.message}`);
  return data;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Plan Rows': number;
  readonly Plans?: readonly PlanNode[];
}

/** Indexes that the plan uses, and tables that it reads whole. */
async function explain(pool: pg.Pool, { text, values }: LoggedStatement): Promise<string> {
  try {
    const { rows } = await pool.query(`EXPLAIN (FORMAT JSON) ${text}`, [...values]);
    const found = new Set<string>();
    const walk = (node: PlanNode): void => {
      if (node['Index Name']) found.add(node['Index Name'].replace(/_\d{8}_/, '_*_'));
      else if (node['Node Type'] === 'Seq Scan') found.add(`all of ${(node['Relation Name'] ?? '').replace(/_\d{8}$/, '_*')}`);
      for (const child of node.Plans ?? []) walk(child);
    };
    walk(rows[0]['QUERY PLAN'][0].Plan);
    return [...found].join(', ');
  } catch (error) {
    return `not explained: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
