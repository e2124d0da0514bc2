/** Subscriptions: whole values, whenever they differ, for as long as the session may have them. */
import { beforeAll, expect, test } from 'vitest';
import { createControlPlane } from '../../../control-plane/app.js';
import { afterFile } from '../../support/after-file.js';
import { type ControlPlaneFixture, eventually, startControlPlane } from '../control-plane-fixture.js';

let control: ControlPlaneFixture;
beforeAll(async () => {
  control = await startControlPlane();
});

interface Stream {
  readonly status: number;
  readonly events: { data?: Record<string, unknown>; errors?: unknown[] }[];
  readonly ended: () => boolean;
  close(): void;
}

async function open(query: string, token: string, url = control.url): Promise<Stream> {
  const closing = new AbortController();
  const response = await fetch(`${url}/graphql/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
    signal: closing.signal,
  });
  const events: Stream['events'] = [];
  let over = false;
  void (async () => {
    let text = '';
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes as Uint8Array).toString('utf8');
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        if (block.startsWith('event: next')) events.push(JSON.parse(block.slice(block.indexOf('data: ') + 6)));
      }
    }
  })()
    .catch(() => undefined)
    .finally(() => {
      over = true;
    });
  return { status: response.status, events, ended: () => over, close: () => closing.abort() };
}

const WALLET = 'subscription { walletChanged { balanceUsd } }';

async function adjust(token: string, accountId: string, amountUsd: string): Promise<void> {
  await control.must(
    'mutation ($input: AdjustAccountInput!) { adjustAccount(input: $input) { balanceUsd } }',
    {
      input: { accountId, amountUsd, reason: 'test' },
    },
    token,
  );
}

test('a balance is told at once and again when it moves, also when another control plane moved it', async () => {
  const [customer, operator] = [await control.register(), await control.registerOperator()];
  const other = await createControlPlane(control.config);
  afterFile(() => other.close());
  const otherUrl = await other.listen();
  const stream = await open(WALLET, customer.token, otherUrl);
  await eventually(async () => stream.events[0]);
  expect(stream.events).toEqual([{ data: { walletChanged: { balanceUsd: '0' } } }]);
  const startedAt = performance.now();
  await adjust(operator.token, customer.accountId, '12.5');
  await eventually(async () => stream.events[1]);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(stream.events[1]).toEqual({ data: { walletChanged: { balanceUsd: '12.5' } } });
  stream.close();
});

test('another tenant hears nothing of it', async () => {
  const [customer, stranger, operator] = [await control.register(), await control.register(), await control.registerOperator()];
  const stream = await open(WALLET, stranger.token);
  await eventually(async () => stream.events[0]);
  await adjust(operator.token, customer.accountId, '1');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(stream.events).toHaveLength(1);
  stream.close();
});

test('a stream ends with its session', async () => {
  const customer = await control.register();
  const stream = await open(WALLET, customer.token);
  await eventually(async () => stream.events[0]);
  await control.must('mutation { logout }', {}, customer.token);
  await eventually(async () => stream.ended() || undefined);
});

test('a stream ends when the person is no member any more', async () => {
  const customer = await control.register();
  const stream = await open(WALLET, customer.token);
  await eventually(async () => stream.events[0]);
  await control.database.pool.query('DELETE FROM membership WHERE user_id = $1', [customer.userId]);
  await eventually(async () => stream.ended() || undefined);
});

test('streams are bounded per account, and a closed one makes room', async () => {
  const customer = await control.register();
  const streams: Stream[] = [];
  for (let count = 0; count < 20; count++) streams.push(await open(WALLET, customer.token));
  expect((await open(WALLET, customer.token)).status).toBe(429);
  streams[0]?.close();
  await eventually(async () => {
    const stream = await open(WALLET, customer.token);
    streams.push(stream);
    return stream.status === 200 || undefined;
  });
  for (const stream of streams) stream.close();
});

test('what is no subscription is refused before anything runs', async () => {
  const { token } = await control.register();
  expect((await open('{ wallet { balanceUsd } }', token)).status).toBe(400);
  expect((await open('subscription { walletChanged { nothing } }', token)).status).toBe(400);
  expect((await open('subscription {', token)).status).toBe(400);
});
