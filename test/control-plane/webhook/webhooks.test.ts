/** Webhooks from the event to the customer's server: signed, once per message id, on schedule, and never to an address of ours. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { beforeAll, describe, expect, test } from 'vitest';
import { startWebhookDelivery } from '../../../control-plane/workers/deliver-webhooks.js';
import { createFolder } from '../../support/folder.js';
import { type ControlPlaneFixture, eventually, NODE_TOKEN, type Person, startControlPlane } from '../control-plane-fixture.js';
import { type Message, type Receiver, startReceiver } from './receiver.js';

let control: ControlPlaneFixture;
let receiver: Receiver;
const mailDirectory = createFolder();
beforeAll(async () => {
  receiver = await startReceiver();
  control = await startControlPlane({ egressAllowedOrigins: [receiver.origin], mailDirectory });
});

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly responseStatus: number | null;
  readonly problem: string | null;
  readonly nextAttemptAt: string | null;
  readonly attemptedAt: string;
  readonly eventType: string;
}

/** An endpoint of a new customer, under a path of its own. */
async function createEndpoint(person: Person, eventTypes: string[] = []) {
  const path = `/${randomUUID()}`;
  const { createWebhookEndpoint } = await control.must<{ createWebhookEndpoint: { endpoint: { id: string }; secret: string } }>(
    'mutation ($url: String!, $eventTypes: [String!]) { createWebhookEndpoint(url: $url, eventTypes: $eventTypes) { endpoint { id } secret } }',
    { url: receiver.origin + path, eventTypes },
    person.token,
  );
  return { path, id: createWebhookEndpoint.endpoint.id, secret: createWebhookEndpoint.secret };
}

async function sendTest(person: Person, id: string): Promise<string> {
  const document = 'mutation ($id: ID!) { sendTestWebhook(id: $id) { id } }';
  return (await control.must<{ sendTestWebhook: { id: string } }>(document, { id }, person.token)).sendTestWebhook.id;
}

async function deliveriesOf(person: Person): Promise<Delivery[]> {
  const { webhookDeliveries } = await control.must<{ webhookDeliveries: { edges: { node: Delivery }[] } }>(
    '{ webhookDeliveries { edges { node { id status attempts responseStatus problem nextAttemptAt attemptedAt eventType } } } }',
    {},
    person.token,
  );
  return webhookDeliveries.edges.map(({ node }) => node);
}

const firstWhen = (person: Person, wanted: (delivery: Delivery) => boolean) =>
  eventually(async () => (await deliveriesOf(person)).find(wanted), 15_000);

const received = (path: string, count = 1) =>
  eventually(async () => (receiver.of(path).length >= count ? receiver.of(path) : undefined), 15_000) as Promise<[Message, ...Message[]]>;

const verify = ({ body, headers }: Message, secret: string) => new Webhook(secret).verify(body, headers as Record<string, string>);

function mailsTo({ email }: Person): { readonly to: string; readonly subject: string; readonly text: string }[] {
  const names = readdirSync(mailDirectory).filter((name) => name.endsWith('.json'));
  return names.map((name) => JSON.parse(readFileSync(join(mailDirectory, name), 'utf8'))).filter(({ to }) => to === email);
}

/** As if the time of its next attempt had come. */
const makeDue = (id: string) => control.database.pool.query('UPDATE webhook_delivery SET next_at = now() WHERE id = $1', [id]);

/** As a node hands a batch in; no node runs here, so its items wait. */
async function submitBatch(person: Person, callbackUrl: string | null) {
  const { createApiKey } = await control.must<{ createApiKey: { apiKey: { id: string } } }>(
    'mutation { createApiKey(input: { name: "batches", test: true }) { apiKey { id } } }',
    {},
    person.token,
  );
  const batchId = randomUUID();
  const response = await fetch(`${control.url}/internal/batches`, {
    method: 'POST',
    headers: { authorization: `Bearer ${NODE_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      batchId,
      accountId: person.accountId,
      keyId: createApiKey.apiKey.id,
      test: true,
      tier: 'batch_50',
      callbackUrl,
      metadata: { job: 'nightly' },
      idempotencyKey: null,
      requestHash: '00'.repeat(32),
      items: [{ customId: 'one', ceilingNano: '0', body: { model: 'm', messages: [] } }],
    }),
  });
  return { batchId, status: response.status, answer: (await response.json()) as { error?: { param: string } } };
}

const cancelBatch = (person: Person, batchId: string) =>
  fetch(`${control.url}/internal/batches/${batchId}/cancel?account=${person.accountId}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${NODE_TOKEN}` },
  });

describe('a message', () => {
  test('is signed so that standardwebhooks and the OpenAI SDK accept it, and no altered one', async () => {
    const person = await control.register();
    const { id, path, secret } = await createEndpoint(person);
    await sendTest(person, id);
    const [message] = await received(path);
    expect(verify(message, secret)).toMatchObject({ object: 'event', type: 'webhook.test', data: { message: expect.any(String) } });
    const client = new OpenAI({ apiKey: 'unused' });
    const headers = new Headers(message.headers as Record<string, string>);
    expect(await client.webhooks.unwrap(message.body, headers, secret)).toMatchObject({ type: 'webhook.test' });
    expect(() => verify({ ...message, body: message.body.replace('test', 'text') }, secret)).toThrow();
    expect(await firstWhen(person, ({ status }) => status === 'delivered')).toMatchObject({ attempts: 1, responseStatus: 204 });
  });

  test('that is refused comes again on schedule under the same id, and can be sent again by hand', async () => {
    const person = await control.register();
    const { id, path } = await createEndpoint(person);
    receiver.answer(path, 500);
    const deliveryId = await sendTest(person, id);
    for (const [attempt, seconds] of [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400].entries()) {
      const { attempts, nextAttemptAt, attemptedAt } = await firstWhen(
        person,
        (delivery) => delivery.responseStatus === 500 && delivery.attempts === attempt + 1 && isRescheduled(delivery, seconds),
      );
      expect(attempts).toBe(attempt + 1);
      expect(Math.abs(Date.parse(nextAttemptAt ?? '') - Date.parse(attemptedAt) - seconds * 1_000)).toBeLessThan(3_000);
      await makeDue(deliveryId);
    }
    expect(await firstWhen(person, ({ status }) => status === 'failed')).toMatchObject({ attempts: 8, nextAttemptAt: null });
    receiver.answer(path, 200);
    await control.must('mutation ($id: ID!) { resendWebhook(id: $id) { status } }', { id: deliveryId }, person.token);
    expect(await firstWhen(person, ({ status }) => status === 'delivered')).toMatchObject({ attempts: 9 });
    expect(receiver.of(path).map(({ headers }) => headers['webhook-id'])).toEqual(Array(9).fill(`msg_${deliveryId.replaceAll('-', '')}`));
  }, 60_000);

  test('is delivered once although several control planes deliver', async () => {
    const person = await control.register();
    const { id, path } = await createEndpoint(person);
    const others = [1, 2].map(() =>
      startWebhookDelivery({ ...control.app.services, log: { error: () => undefined, warn: () => undefined } }),
    );
    await Promise.all(Array.from({ length: 20 }, () => sendTest(person, id)));
    await eventually(async () => ((await deliveriesOf(person)).every(({ status }) => status === 'delivered') ? true : undefined), 20_000);
    await Promise.all(others.map((worker) => worker.stop()));
    expect(new Set(receiver.of(path).map(({ headers }) => headers['webhook-id'])).size).toBe(20);
    expect(receiver.of(path).length).toBe(20);
  }, 30_000);

  test('is not kept waiting by an account whose receiver is slow', async () => {
    const [slow, quick] = [await control.register(), await control.register()];
    const [slowEndpoint, quickEndpoint] = [await createEndpoint(slow), await createEndpoint(quick)];
    receiver.answer(slowEndpoint.path, 200, { afterMs: 6_000 });
    await Promise.all(Array.from({ length: 40 }, () => sendTest(slow, slowEndpoint.id)));
    await received(slowEndpoint.path);
    await sendTest(quick, quickEndpoint.id);
    await received(quickEndpoint.path);
    expect(receiver.of(slowEndpoint.path).length).toBeLessThan(20);
  }, 30_000);

  /** Held by a claim it is due a minute ahead; recorded, at its place of the schedule. */
  function isRescheduled({ attemptedAt, nextAttemptAt }: Delivery, seconds: number): boolean {
    return nextAttemptAt !== null && Math.abs(Date.parse(nextAttemptAt) - Date.parse(attemptedAt) - seconds * 1_000) < 3_000;
  }
});

describe('an endpoint', () => {
  test('that answers 410 is disabled, its owner told, and nothing more is sent to it', async () => {
    const person = await control.register();
    const { id, path } = await createEndpoint(person);
    receiver.answer(path, 410);
    await sendTest(person, id);
    await firstWhen(person, ({ status }) => status === 'failed');
    const document = '{ webhookEndpoints { status disabledReason } }';
    expect(await control.must(document, {}, person.token)).toEqual({ webhookEndpoints: [{ status: 'disabled', disabledReason: 'gone' }] });
    const again = await control.graphql('mutation ($id: ID!) { sendTestWebhook(id: $id) { id } }', { id }, person.token);
    expect(again.errors?.[0]?.extensions.code).toBe('conflict');
    await cancelBatch(person, (await submitBatch(person, null)).batchId);
    expect(receiver.of(path).length).toBe(1);
    const told = await eventually(async () => mailsTo(person).find((mail) => mail.subject === 'A webhook endpoint was disabled'));
    expect(told.text).toContain(receiver.origin + path);
  });

  test('that took nothing for five days is disabled, and not one that failed since yesterday', async () => {
    for (const [days, status] of [
      [6, 'disabled'],
      [1, 'active'],
    ] as const) {
      const person = await control.register();
      const { id, path } = await createEndpoint(person);
      receiver.answer(path, 503);
      await control.database.pool.query(`UPDATE webhook_endpoint SET failing_since = now() - $2 * interval '1 day' WHERE id = $1`, [
        id,
        days,
      ]);
      await sendTest(person, id);
      await firstWhen(person, ({ responseStatus }) => responseStatus === 503);
      expect(await control.must('{ webhookEndpoints { status } }', {}, person.token)).toEqual({ webhookEndpoints: [{ status }] });
    }
  });

  test('hears in both secrets for a day after a rotation', async () => {
    const person = await control.register();
    const { id, path, secret } = await createEndpoint(person);
    const rotated = await control.must<{ rotateWebhookSecret: { secret: string } }>(
      'mutation ($id: ID) { rotateWebhookSecret(id: $id) { secret } }',
      { id },
      person.token,
    );
    await sendTest(person, id);
    const [message] = await received(path);
    for (const one of [secret, rotated.rotateWebhookSecret.secret]) expect(verify(message, one)).toMatchObject({ type: 'webhook.test' });
    await control.database.pool.query('UPDATE webhook_secret SET previous_until = now() WHERE owner_id = $1', [id]);
    await sendTest(person, id);
    const [, second] = await received(path, 2);
    expect(() => verify(second as Message, secret)).toThrow();
  });

  test('hears the types that it asked for, and no other', async () => {
    const person = await control.register();
    const [all, some] = [await createEndpoint(person), await createEndpoint(person, ['topup.credited'])];
    await cancelBatch(person, (await submitBatch(person, null)).batchId);
    await received(all.path);
    expect(receiver.of(some.path)).toEqual([]);
  });

  test('is sent 60 test messages a minute and no more', async () => {
    const person = await control.register();
    const { id } = await createEndpoint(person);
    await control.database.pool.query(
      `INSERT INTO webhook_delivery (id, account_id, endpoint_id, event_type, payload, status)
       SELECT gen_random_uuid(), $1, $2, 'webhook.test', '{}', 'delivered' FROM generate_series(1, 60)`,
      [person.accountId, id],
    );
    const refused = await control.graphql('mutation ($id: ID!) { sendTestWebhook(id: $id) { id } }', { id }, person.token);
    expect(refused.errors?.[0]?.extensions.code).toBe('rate_limit_exceeded');
  });

  test('that is deleted takes its secret with it, and what waits for it', async () => {
    const person = await control.register();
    const { id, path } = await createEndpoint(person);
    receiver.answer(path, 500);
    await sendTest(person, id);
    await firstWhen(person, ({ responseStatus }) => responseStatus === 500);
    await control.must('mutation ($id: ID!) { deleteWebhookEndpoint(id: $id) }', { id }, person.token);
    expect(await deliveriesOf(person)).toMatchObject([{ status: 'failed', problem: 'The endpoint was deleted.' }]);
    expect(await control.must('{ webhookEndpoints { id } }', {}, person.token)).toEqual({ webhookEndpoints: [] });
    expect((await control.database.pool.query('SELECT 1 FROM webhook_secret WHERE owner_id = $1', [id])).rowCount).toBe(0);
  });

  test.each(['http://example.com/', 'https://127.0.0.1/', 'https://localhost/', 'https://[::1]/', 'https://169.254.169.254/', 'nothing'])(
    'at %s is refused',
    async (url) => {
      const person = await control.register();
      const answer = await control.graphql(
        'mutation ($url: String!) { createWebhookEndpoint(url: $url) { secret } }',
        { url },
        person.token,
      );
      expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'invalid_request', param: 'url' });
    },
  );

  test('whose address became one of ours is not connected, and a redirect is not followed', async () => {
    const person = await control.register();
    const [moved, redirecting] = [await createEndpoint(person), await createEndpoint(person)];
    // As after a change of its DNS: the name was public when it was entered.
    await control.database.pool.query(`UPDATE webhook_endpoint SET url = 'https://localhost/hook' WHERE id = $1`, [moved.id]);
    await sendTest(person, moved.id);
    expect(await firstWhen(person, ({ problem }) => problem !== null)).toMatchObject({
      status: 'pending',
      problem: expect.stringContaining('not a public address'),
    });
    receiver.answer(redirecting.path, 302, { headers: { location: `${receiver.origin}/never` } });
    await sendTest(person, redirecting.id);
    await firstWhen(person, ({ responseStatus }) => responseStatus === 302);
    expect(receiver.of('/never')).toEqual([]);
  });

  test('of another account hears nothing of this one', async () => {
    const [person, stranger] = [await control.register(), await control.register()];
    const [own, other] = [await createEndpoint(person), await createEndpoint(stranger)];
    await cancelBatch(person, (await submitBatch(person, null)).batchId);
    await received(own.path);
    expect(receiver.of(other.path)).toEqual([]);
    expect(await deliveriesOf(stranger)).toEqual([]);
  });
});

describe('the end of a batch', () => {
  test("calls its callback_url exactly once, signed with the account's secret", async () => {
    const person = await control.register();
    const { rotateWebhookSecret } = await control.must<{ rotateWebhookSecret: { secret: string } }>(
      'mutation { rotateWebhookSecret { secret } }',
      {},
      person.token,
    );
    const path = `/${randomUUID()}`;
    const { batchId } = await submitBatch(person, receiver.origin + path);
    await Promise.all([1, 2, 3].map(() => cancelBatch(person, batchId)));
    const [message] = await received(path);
    expect(verify(message, rotateWebhookSecret.secret)).toMatchObject({
      type: 'batch.cancelled',
      data: {
        id: `batch_${batchId.replaceAll('-', '')}`,
        status: 'cancelled',
        metadata: { job: 'nightly' },
        request_counts: { total: 1, completed: 0, failed: 0 },
      },
    });
    await firstWhen(person, ({ status }) => status === 'delivered');
    expect((await deliveriesOf(person)).map(({ eventType }) => eventType)).toEqual(['batch.cancelled']);
    expect(receiver.of(path).length).toBe(1);
  });

  test.each(['https://127.0.0.1/', 'https://localhost/hook', 'https://10.0.0.1/'])(
    'is not told to %s: the batch is refused',
    async (url) => {
      const person = await control.register();
      const { status, answer } = await submitBatch(person, url);
      expect([status, answer.error?.param]).toEqual([400, 'callback_url']);
      const { rows } = await control.database.pool.query('SELECT count(*)::int AS batches FROM batch WHERE account_id = $1', [
        person.accountId,
      ]);
      expect(rows[0].batches).toBe(0);
    },
  );
});
