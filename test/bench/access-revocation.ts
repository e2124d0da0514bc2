/**
 * The other part of `access.ts`: four nodes in two regions, a database with as many keys as asked for. A key is revoked in the control
 * plane; from that call on every node is asked with it, again and again, until it answers 401.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { type BuiltStack, buildStack } from '../support/build-stack.js';
import { TestServices } from '../support/test-services.js';
import { ask, cloneDatabase } from './bench-stack.js';

export interface RevocationFigures {
  /** Milliseconds, as all of these. */
  readonly publishedMs: number;
  readonly answeredMs: number;
  readonly refusedMs: { readonly p50: number; readonly p99: number };
}

const NODES = ['us', 'us', 'sg', 'sg'];
const APPLIED_MS = 180_000;
const ASK_EVERY_MS = 2;
const QUESTION = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"?"}]}';

export async function measureRevocations(keyCount: number, revocations: number): Promise<RevocationFigures> {
  const services = new TestServices(() => Promise.resolve({ dist: fileURLToPath(new URL('../..', import.meta.url)) }));
  const folder = mkdtempSync(join(tmpdir(), 'modelapi-access-fleet-'));
  let stack: BuiltStack | undefined;
  try {
    const [{ dist }, postgres, redis] = await Promise.all([ask(services, 'program'), ask(services, 'postgres'), ask(services, 'redis')]);
    const databaseUrl = await cloneDatabase(postgres.url, postgres.template);
    stack = await buildStack({ dist, folder, databaseUrl, redisUrl: redis.url, redisPrefix: 'access:' }, { nodes: NODES });
    return await measure(stack, databaseUrl, keyCount, revocations);
  } finally {
    await stack?.stop();
    await services.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(stack: BuiltStack, databaseUrl: string, keyCount: number, revocations: number): Promise<RevocationFigures> {
  const filledAtMs = performance.now();
  const revision = await fillKeys(databaseUrl, keyCount);
  await until(async () =>
    (await Promise.all(stack.nodes.map((node) => appliedRevision(node.url)))).every((applied) => applied >= revision),
  );
  const publishedMs = performance.now() - filledAtMs;

  const graphql = await logIn(stack);
  const keys: { readonly id: string; readonly secret: string }[] = [];
  for (let index = 0; index < revocations; index++) {
    const { createApiKey: made } = await graphql<{ createApiKey: { key: string; apiKey: { id: string } } }>(
      'mutation { createApiKey(input: { name: "to be revoked" }) { key apiKey { id } } }',
    );
    keys.push({ id: made.apiKey.id, secret: made.key });
  }
  const last = keys.at(-1)?.secret ?? '';
  await until(async () => (await Promise.all(stack.nodes.map((node) => statusOf(node.url, last)))).every((status) => status !== 401));

  const answered: number[] = [];
  const refused: number[] = [];
  for (const { id, secret } of keys) {
    const atMs = performance.now();
    const answer = graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { acknowledged nodes } }', { id });
    const nodes = stack.nodes.map((node) => until(async () => (await statusOf(node.url, secret)) === 401, ASK_EVERY_MS));
    await Promise.all([
      answer.then(() => answered.push(performance.now() - atMs)),
      ...nodes.map((node) => node.then(() => refused.push(performance.now() - atMs))),
    ]);
  }
  // The last of the four counts for each key.
  const lastOfEach = Array.from({ length: revocations }, (_none, index) =>
    Math.max(...refused.slice(index * NODES.length, (index + 1) * NODES.length)),
  );
  return { publishedMs, answeredMs: share(answered, 0.99), refusedMs: { p50: share(lastOfEach, 0.5), p99: share(lastOfEach, 0.99) } };
}

/** Straight into the tables, a thousand to an account; one new base tells the nodes. Returns the revision. */
async function fillKeys(databaseUrl: string, keyCount: number): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `WITH made AS (
         INSERT INTO account (id, name) SELECT gen_random_uuid(), 'filler' FROM generate_series(1, ceil($1 / 1000.0)::int) RETURNING id
       ), numbered AS (SELECT id, row_number() OVER () - 1 AS number FROM made)
       INSERT INTO api_key (id, account_id, name, hash, prefix, last4)
       SELECT gen_random_uuid(), numbered.id, 'filler', sha256(('filler' || key)::bytea), 'sk-ama-', '0000'
       FROM generate_series(0, $1::int - 1) AS key JOIN numbered ON numbered.number = key / 1000`,
      [keyCount],
    );
    const touched = [{ kind: 'access', subjectType: 'bench', subjectId: 'filler' }];
    const { rows } = await client.query<{ revision: string }>('SELECT touch_config($1, NULL) AS revision', [JSON.stringify(touched)]);
    return Number(rows[0]?.revision);
  } finally {
    await client.end();
  }
}

async function appliedRevision(nodeUrl: string): Promise<number> {
  const metrics = await (await fetch(`${nodeUrl}/metrics`)).text();
  return Number(/^modelapi_config_revision (\d+)/m.exec(metrics)?.[1] ?? 0);
}

async function statusOf(nodeUrl: string, key: string): Promise<number> {
  const response = await fetch(`${nodeUrl}/v1/routing/explain`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: QUESTION,
  });
  await response.body?.cancel();
  return response.status;
}

async function logIn(stack: BuiltStack) {
  let token: string | undefined;
  const graphql = async <T>(query: string, variables: object = {}): Promise<T> => {
    const response = await fetch(`${stack.addresses.controlPlaneUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  };
  const { login } = await graphql<{ login: { token: string } }>(
    'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { token } }',
    stack.operator,
  );
  token = login.token;
  return graphql;
}

async function until(done: () => Promise<boolean>, everyMs = 50): Promise<void> {
  const endsAtMs = performance.now() + APPLIED_MS;
  while (!(await done())) {
    if (performance.now() > endsAtMs) throw new Error(`not within ${APPLIED_MS} ms: ${done}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function share(values: readonly number[], part: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
