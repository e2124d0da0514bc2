/** Bytes that no well-meaning client sends. Each gets a refusal or a closed connection, and the node goes on. */
import { connect } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { startTestNode, type TestNode } from './test-node.js';

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
});

/** Everything that comes back until the other side closes or has been quiet for a while. */
function talk(bytes: string | Buffer, quietMs = 400): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(node.url).port), '127.0.0.1');
    let heard = '';
    const end = () => {
      socket.destroy();
      resolve(heard);
    };
    let timer = setTimeout(end, quietMs);
    socket.on('data', (data) => {
      heard += data.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(end, quietMs);
    });
    socket.on('error', end);
    socket.on('close', end);
    socket.write(bytes);
  });
}

const body = JSON.stringify({ model: 'alpha', messages: [{ role: 'user', content: 'Hello!' }] });
const head = (lines: readonly string[]) =>
  ['POST /v1/chat/completions HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...lines, '', ''].join('\r\n');
const statuses = (heard: string) => [...heard.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));

const corpus: readonly (readonly [string, () => string])[] = [
  ['no HTTP at all', () => 'hello there\r\n\r\n'],
  ['two lengths that differ', () => `${head([`Content-Length: ${body.length}`, 'Content-Length: 1'])}${body}`],
  ['a length and chunks', () => `${head([`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked'])}0\r\n\r\n${body}`],
  ['a negative length', () => `${head(['Content-Length: -5'])}${body}`],
  ['a length in hex', () => `${head(['Content-Length: 0x10'])}${body}`],
  ['a chunk size that is no number', () => `${head(['Transfer-Encoding: chunked'])}zz\r\nabc\r\n0\r\n\r\n`],
  ['a chunk longer than it says', () => `${head(['Transfer-Encoding: chunked'])}1\r\nabcdef\r\n0\r\n\r\n`],
  ['an encoding that hides chunks', () => `${head(['Transfer-Encoding: xchunked'])}${body}`],
  ['a header name with a space', () => `${head(['Content-Length : 5'])}${body}`],
  ['a header that is folded', () => `${head(['X-A: 1\r\n folded', `Content-Length: ${body.length}`])}${body}`],
  ['a bare line feed in a header', () => `POST /v1/models HTTP/1.1\nHost: x\nX: a\n\n`],
  ['a NUL in a header', () => `${head(['X-A: a\0b', `Content-Length: ${body.length}`])}${body}`],
  ['headers of 100 KB', () => head([`X-A: ${'a'.repeat(100_000)}`])],
  ['a thousand headers of 100 bytes', () => head(Array.from({ length: 1000 }, (_none, index) => `X-${index}: ${'a'.repeat(100)}`))],
  ['HTTP/2 without asking', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a method that is none', () => 'HACK /v1/models HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['no host', () => 'GET /v1/models HTTP/1.1\r\n\r\n'],
];

test.each(corpus)('%s is refused', async (_what, bytes) => {
  const heard = await talk(bytes());
  expect(
    statuses(heard).every((status) => status >= 400 && status < 500),
    heard.slice(0, 300),
  ).toBe(true);
  const [, json] = heard.split('\r\n\r\n');
  if (json?.startsWith('{')) expect(JSON.parse(json).error).toMatchObject({ type: 'invalid_request_error', message: expect.any(String) });
  expect((await fetch(`${node.url}/healthz`)).status).toBe(200);
});

test('what follows a refused request on the connection is never served', async () => {
  const smuggled = `GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`;
  const heard = await talk(`${head([`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`);
  expect(heard).not.toContain('"status":"ok"');
});

test('a request that is cut off in its body leaves nothing open', async () => {
  await talk(`${head([`Authorization: Bearer ${node.key}`, `Content-Length: ${body.length + 50}`])}${body}`, 100);
  const metrics = await (await fetch(`${node.url}/metrics`)).text();
  expect(metrics).toContain('modelapi_open_completions 0');
});

test('a complete request by hand gets its answer', async () => {
  const heard = await talk(
    `${head([`Authorization: Bearer ${node.key}`, `Content-Length: ${body.length}`, 'Connection: close'])}${body}`,
    2_000,
  );
  expect(statuses(heard)).toEqual([200]);
});
