/**
 * A node as it runs, in this process: the real stages, a real Redis, the sandbox as its vendor. Only the control plane is a stand-in,
 * of the few lines below: it grants every lease and acknowledges every settlement, and keeps what it was sent.
 */
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createDataPlane } from '../../../data-plane/app.js';
import { startSandbox } from '../../../local/sandbox/sandbox.js';
import { KEY_ACTIVE, type KeyPolicy } from '../../../shared/access-document.js';
import type { LeaseAnswer, LeaseCall } from '../../../shared/lease.js';
import { redisKeys } from '../../../shared/redis-keys.js';
import { generateDataKey, sealSecret } from '../../../shared/sealed.js';
import type { CatalogDocument } from '../../../shared/snapshot.js';
import type { UsageBatch, UsageEvent } from '../../../shared/usage-event.js';
import { afterFile } from '../../support/after-file.js';
import { connectRedis } from '../../support/redis.js';
import { model, newKey, PEPPER, TestPublisher } from '../snapshot/test-publisher.js';

export const NODE_TOKEN = 'the token of the nodes';

export interface TestNode {
  readonly url: string;
  readonly key: string;
  readonly sandboxUrl: string;
  /** A key with a policy of its own. */
  addKey(policy: KeyPolicy): Promise<string>;
  readonly control: TestControlPlane;
  readonly publisher: TestPublisher;
  publish(catalog: CatalogDocument): Promise<void>;
  readonly logs: string[];
  /** What the node has shipped over Redis. */
  settlements(): Promise<UsageEvent[]>;
  close(): Promise<void>;
}

export interface TestControlPlane {
  readonly url: string;
  readonly graphqlCalls: { query: string; variables: Record<string, unknown>; headers: Record<string, unknown> }[];
  /** Nano-USD granted and not yet given back. */
  openLeases: number;
  answerGraphql: (query: string, variables: Record<string, unknown>) => unknown;
  close(): Promise<void>;
}

export async function startTestNode(options: { jwtPublicKey?: string } = {}): Promise<TestNode> {
  const [redis, sandbox, control] = await Promise.all([connectRedis(), startSandbox({ port: 0 }), startControlPlane()]);
  const publisher = new TestPublisher();
  const { key, record } = newKey(1);
  const records = [record];
  const publish = async (catalog: CatalogDocument) => {
    publisher.publishBase((publisher.newest?.revision ?? 0) + 1, catalog, records);
    await publisher.announceIn(redis.client, redis.prefix);
  };
  const catalog = sandboxCatalog(publisher, sandbox.url);
  await publish(catalog);

  const logs: string[] = [];
  const node = await createDataPlane(
    {
      mode: 'local',
      version: 'test',
      tracesEndpoint: undefined,
      host: '127.0.0.1',
      port: 0,
      nodeId: 'node-test',
      region: 'us',
      publicUrl: 'http://127.0.0.1',
      dataDirectory: await mkdtemp(join(tmpdir(), 'modelapi-node-')),
      redisUrl: redis.url,
      redisPrefix: redis.prefix,
      controlPlaneUrl: control.url,
      nodeToken: NODE_TOKEN,
      apiKeyPepper: PEPPER,
      snapshotPublicKey: publisher.publicKey,
      jwtPublicKey: options.jwtPublicKey ?? publisher.publicKey,
      regionKey: publisher.regionKey,
      trustedProxies: [],
    },
    pino({ level: 'info' }, { write: (line) => logs.push(line) }),
  );
  const port = await node.start();
  const url = `http://127.0.0.1:${port}`;
  await waitFor(async () => (await fetch(`${url}/readyz`)).status === 200);

  const keys = redisKeys(redis.prefix);
  const shipped = async (): Promise<UsageBatch[]> => {
    const entries = await redis.client.xrange(keys.usageStream, '-', '+');
    return entries.map(([, fields]) => JSON.parse(fields[1] ?? '{}'));
  };
  const acknowledging = setInterval(async () => {
    for (const { nodeId, epoch, events } of await shipped())
      await redis.client.hset(keys.usageAcknowledged, `${nodeId}/${epoch}`, events.at(-1)?.sequence ?? 0);
  }, 100);

  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await node.close();
    clearInterval(acknowledging);
  };
  afterFile(async () => {
    await close();
    await sandbox.close();
    await control.close();
  });
  return {
    url,
    key,
    sandboxUrl: sandbox.url,
    control,
    publisher,
    logs,
    publish,
    close,
    settlements: async () => (await shipped()).flatMap(({ events }) => events),
    async addKey(policy) {
      const added = newKey(records.length + 1, { policy, flags: KEY_ACTIVE });
      records.push(added.record);
      await publish(catalog);
      await waitFor(async () => (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${added.key}` } })).status !== 401);
      return added.key;
    },
  };
}

export async function waitFor(done: () => Promise<boolean> | boolean, timeoutMs = 5_000): Promise<void> {
  const endsAtMs = performance.now() + timeoutMs;
  while (!(await done())) {
    if (performance.now() > endsAtMs) throw new Error(`not so after ${timeoutMs} ms: ${done}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function sandboxCatalog(publisher: TestPublisher, sandboxUrl: string): CatalogDocument {
  const base = publisher.catalog();
  const [template] = base.vendors;
  const [endpoint] = base.endpoints;
  if (!template || !endpoint) throw new Error('the catalogue of the tests is empty');
  const sealed = sealSecret('sandbox-secret', { owner: 'house', vendorId: 'openai', id: 'c1', version: 1 }, generateDataKey(), {
    us: publisher.regionKey.publicKey,
  });
  const ids = ['alpha', 'vendor/beta', 'pace', 'broken'];
  const scripts: Record<string, string> = { pace: '~pace=50~chunks=40', broken: '~error-mid=3' };
  return {
    ...base,
    vendors: [{ ...template, id: 'openai', name: 'OpenAI', baseUrl: `${sandboxUrl}/v1`, credentials: [{ id: 'c1', weight: 1, sealed }] }],
    models: ids.map((id) => model(id, id === 'alpha' ? ['alpha-latest'] : [])),
    endpoints: ids.map((id) => ({
      ...endpoint,
      id: `e-${id}`,
      modelId: id,
      vendorId: 'openai',
      upstreamModel: `${id.replace('/', '-')}${scripts[id] ?? ''}`,
    })),
  };
}

async function startControlPlane(): Promise<TestControlPlane> {
  const control: TestControlPlane & { server?: Server } = {
    url: '',
    graphqlCalls: [],
    openLeases: 0,
    answerGraphql: () => ({ errors: [{ message: 'nothing here', extensions: { code: 'not_found' } }] }),
    close: async () => undefined,
  };
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const answer = answerTo(request.url ?? '', text === '' ? undefined : JSON.parse(text), request.headers, control);
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(control, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

function answerTo(url: string, body: unknown, headers: Record<string, unknown>, control: TestControlPlane): unknown {
  if (url === '/internal/leases') return grantAll(body as LeaseCall, control);
  if (url === '/internal/usage') {
    return { acknowledged: (body as UsageBatch).events.at(-1)?.sequence ?? 0 };
  }
  if (url === '/internal/status') return { revision: 1 };
  if (url === '/graphql') {
    const { query, variables } = body as { query: string; variables: Record<string, unknown> };
    control.graphqlCalls.push({ query, variables, headers });
    return control.answerGraphql(query, variables);
  }
  return undefined;
}

function grantAll(call: LeaseCall, control: TestControlPlane): LeaseAnswer {
  control.openLeases += call.grants.length - call.releases.length;
  return {
    grants: call.grants.map(({ leaseId }) => ({ leaseId, granted: true, amountNano: '1000000000', strict: false })),
    renewed: call.renewals,
    releases: call.releases.map(({ leaseId }) => ({ leaseId, state: 'released' })),
  };
}
