import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startToxicProxy, type ToxicProxy } from '../support/toxic-proxy.js';

let echo: Server;
let proxy: ToxicProxy;
const received: Buffer[] = [];

beforeAll(async () => {
  echo = createServer((socket) => {
    socket.on('data', (chunk) => {
      received.push(chunk);
      socket.write(chunk);
    });
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const address = echo.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await startToxicProxy({ host: '127.0.0.1', port: address.port });
});
beforeEach(() => {
  proxy.resume();
  received.length = 0;
});
afterAll(() => {
  echo.close();
});

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Not `once`, which rejects at the error that comes before. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function ask(socket: Socket, text: string): Promise<string> {
  const answer = once(socket, 'data');
  socket.write(text);
  return String((await answer)[0]);
}

describe('the toxic proxy', () => {
  it('passes bytes both ways when it is healthy', async () => {
    const socket = await open();
    expect(await ask(socket, 'hello')).toBe('hello');
    socket.destroy();
  });

  it('delays each direction', async () => {
    const socket = await open();
    proxy.set({ latencyMs: 60 });
    const begun = performance.now();
    await ask(socket, 'slow');
    expect(performance.now() - begun).toBeGreaterThan(110);
    socket.destroy();
  });

  it('swallows bytes while it hangs, and takes new ones after', async () => {
    const socket = await open();
    proxy.set({ hang: true });
    socket.write('lost');
    await new Promise((resolve) => setTimeout(resolve, 50));
    proxy.resume();
    expect(await ask(socket, 'found')).toBe('found');
    expect(Buffer.concat(received).toString()).toBe('found');
    socket.destroy();
  });

  it('cuts open connections and refuses new ones', async () => {
    const socket = await open();
    await ask(socket, 'up');
    proxy.set({ refuse: true });
    const closed = closing(socket);
    proxy.cut();
    await closed;
    const second = connect(proxy.port, '127.0.0.1');
    second.on('error', () => undefined);
    await closing(second);
  });

  it('cuts in the middle of an answer', async () => {
    const socket = await open();
    proxy.set({ cutAfterBytes: 3 });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const closed = closing(socket);
    socket.write('abcdef');
    await closed;
    expect(text).toBe('abc');
  });

  it('slices and duplicates', async () => {
    const socket = await open();
    proxy.set({ sliceBytes: 2, duplicate: true });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write('abcde');
    await expect.poll(() => text).toBe('abcdeabcde');
    socket.destroy();
  });
});
