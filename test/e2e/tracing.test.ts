/** Traces, seen by a collector: the client's trace goes through the node to the vendor, and no prompt or secret is in it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { afterFile } from '../support/after-file.js';
import { startStack } from '../support/stack.js';

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}
interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number };
}

const SERVER = 2;
const CLIENT = 3;
const FAILED = 2;
const PROMPT = 'a prompt that no trace may hold';

test('a completion is one trace from the client to the vendor', { timeout: 400_000 }, async () => {
  const collector = await startCollector();
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '200' };
  const stack = await startStack({ extra: () => ({ controlPlane: variables, dataPlane: variables }) });
  const call = (key: string, traceparent: string) =>
    fetch(`${stack.gateway}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', traceparent },
      body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: PROMPT }] }),
    });
  const [mine, refused] = ['4bf92f3577b34da6a3ce929d0e0e4736', '5bf92f3577b34da6a3ce929d0e0e4736'];
  expect((await call(stack.apiKey, `00-${mine}-00f067aa0ba902b7-01`)).status).toBe(200);
  expect((await call('sk-ama-wrong', `00-${refused}-00f067aa0ba902b7-01`)).status).toBe(401);

  await expect.poll(() => collector.spans.filter(({ traceId }) => traceId === mine).length, { timeout: 10_000 }).toBe(2);
  const server = collector.spans.find(({ traceId, kind }) => traceId === mine && kind === SERVER);
  const attempt = collector.spans.find(({ traceId, kind }) => traceId === mine && kind === CLIENT);
  expect(server).toMatchObject({ name: 'chat gpt-4o', parentSpanId: '00f067aa0ba902b7' });
  expect(attempt?.parentSpanId).toBe(server?.spanId);
  expect(attributeOf(server, 'gen_ai.provider.name')).toBeTruthy();
  expect(Number(attributeOf(server, 'gen_ai.usage.output_tokens'))).toBeGreaterThan(0);

  const { headers } = (await lastVendorRequest(stack.sandbox.url)) as { headers: Record<string, string> };
  expect(headers['traceparent']).toBe(`00-${mine}-${server?.spanId}-01`);

  await expect.poll(() => collector.spans.find(({ traceId }) => traceId === refused)?.status.code, { timeout: 10_000 }).toBe(FAILED);
  await expect.poll(() => collector.spans.some(({ name }) => name.includes('/internal/leases')), { timeout: 10_000 }).toBe(true);
  expect(collector.text()).not.toContain(PROMPT);
  expect(collector.text()).not.toContain(stack.apiKey);
});

async function startCollector() {
  const bodies: string[] = [];
  const spans: CollectedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      bodies.push(text);
      const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: CollectedSpan[] }[] }[] };
      for (const resource of resourceSpans) for (const scope of resource.scopeSpans) spans.push(...scope.spans);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterFile(() => server.closeAllConnections());
  afterFile(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, text: () => bodies.join('\n') };
}

async function lastVendorRequest(sandboxUrl: string): Promise<unknown> {
  const answer = (await (await fetch(`${sandboxUrl}/__sandbox/requests?limit=1`)).json()) as unknown[] | { requests: unknown[] };
  return Array.isArray(answer) ? answer.at(-1) : answer.requests.at(-1);
}

function attributeOf(span: CollectedSpan | undefined, key: string): string | number | undefined {
  const value = span?.attributes.find((attribute) => attribute.key === key)?.value;
  return value?.stringValue ?? value?.intValue;
}
