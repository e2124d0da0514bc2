import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { EgressClient, EgressRefused } from '../../control-plane/modules/egress/egress-client.js';

const closing: (() => void)[] = [];
afterAll(() => closing.forEach((close) => void close()));

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const client = new EgressClient();
closing.push(() => void client.close());

test.each([
  'http://example.com/',
  'https://example.com:8443/',
  'https://user:pass@example.com/',
  'ftp://example.com/',
  'nothing',
  'https://127.0.0.1/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[fd00::1]/',
  'https://[fe80::1]/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://10.1.2.3/',
  'https://169.254.169.254/latest/meta-data',
  'https://100.64.0.1/',
  'https://0.0.0.0/',
  'https://[2002:7f00:1::]/',
  'https://[64:ff9b::7f00:1]/',
])('%s is never connected', async (url) => {
  await expect(client.request(url, { method: 'GET' })).rejects.toThrow(EgressRefused);
});

test('a name that resolves to this machine is never connected', async () => {
  let connected = false;
  await serve(() => {
    connected = true;
  });
  await expect(client.request('https://localhost/', { method: 'GET' })).rejects.toThrow(EgressRefused);
  expect(connected).toBe(false);
});

test('a redirect is an answer and not a way somewhere else', async () => {
  const origin = await serve((_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end());
  expect((await client.request(`${origin}/`, { method: 'GET', trusted: true })).status).toBe(302);
});

test('what never ends is cut off, in size and in time', async () => {
  const large = await serve((_request, response) => {
    const more = () => response.write(Buffer.alloc(16_384)) && setImmediate(more);
    response.on('drain', more).on('close', () => response.removeAllListeners());
    more();
  });
  expect((await client.request(`${large}/`, { method: 'GET', trusted: true })).body.length).toBe(64 * 1024);
  const silent = await serve(() => undefined);
  await expect(client.request(`${silent}/`, { method: 'POST', body: 'x', trusted: true, deadlineMs: 200 })).rejects.toThrow(
    /timeout|aborted/i,
  );
});

test('an origin that local mode allows is called, and no other', async () => {
  const origin = await serve((_request, response) => response.end('here'));
  const allowing = new EgressClient([origin]);
  closing.push(() => void allowing.close());
  expect((await allowing.request(`${origin}/hook`, { method: 'GET' })).body.toString()).toBe('here');
  await expect(allowing.request(`${origin.replace(/:\d+$/, ':1')}/hook`, { method: 'GET' })).rejects.toThrow(EgressRefused);
});
