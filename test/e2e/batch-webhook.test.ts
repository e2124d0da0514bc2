/** The end of a batch reaches the customer's server, whichever control plane dies while it tells. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { eventually } from '../control-plane/control-plane-fixture.js';
import { type Receiver, startReceiver } from '../control-plane/webhook/receiver.js';
import { startStack, type TestStack } from '../support/stack.js';

let receiver: Receiver;
let stack: TestStack;
beforeAll(async () => {
  receiver = await startReceiver();
  stack = await startStack({ extra: () => ({ controlPlane: { EGRESS_ALLOWED_ORIGINS: receiver.origin } }) });
}, 120_000);

test('a control plane that is killed while it calls back calls again, with the same id and the same bytes', async () => {
  const path = `/${randomUUID()}`;
  receiver.answer(path, 200, { afterMs: 9_000 });
  const response = await fetch(`${stack.gateway}/v1/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      requests: ['one', 'two'].map((name) => ({
        custom_id: name,
        model: 'gpt-4o-mini',
        messages: [{ role: 'user', content: `[[sandbox latency=2000]] ${name}` }],
        max_tokens: 20,
      })),
    }),
  });
  expect(response.status).toBe(202);
  // A node takes https only; the control plane of a local stack may also call this machine.
  await stack.database.pool.query('UPDATE batch SET callback_url = $1', [receiver.origin + path]);
  await eventually(async () => receiver.of(path)[0], 30_000);
  await stack.control.kill();
  await stack.control.start();
  receiver.answer(path, 200);
  // As if the dead one's claim had run out.
  await stack.database.pool.query('UPDATE webhook_delivery SET next_at = now()');
  await eventually(async () => receiver.of(path)[1], 30_000);
  await eventually(async () => {
    const { rows } = await stack.database.pool.query('SELECT event_type, status, attempts FROM webhook_delivery');
    return rows.length === 1 && rows[0].status === 'delivered' ? true : undefined;
  });
  const [first, second, ...more] = receiver.of(path);
  expect(more).toEqual([]);
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(second?.body).toBe(first?.body);
  expect(JSON.parse(second?.body ?? '')).toMatchObject({
    type: 'batch.completed',
    data: { request_counts: { total: 2, completed: 2, failed: 0 } },
  });
}, 120_000);
