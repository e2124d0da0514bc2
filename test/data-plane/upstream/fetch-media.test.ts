import { afterAll, expect, test } from 'vitest';
import { UpstreamClient } from '../../../data-plane/upstream/dispatch.js';
import { inlineMedia } from '../../../data-plane/upstream/fetch-media.js';
import type { ChatRequest } from '../../../shared/chat.js';
import { target } from '../../conformance/gemini-and-anthropic-replay.js';
import { startVendor } from './scripted-vendor.js';

const client = new UpstreamClient();
afterAll(() => client.close());

function withImage(url: string): Partial<ChatRequest> {
  return { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] };
}

test('a vendor that fetches by itself gets the URL as it is', async () => {
  const of = target({ body: withImage('https://example.com/a.png') });
  expect(await inlineMedia(of, 'openai', client)).toBe(of);
});

test('data URLs need no fetching', async () => {
  const of = target({ body: withImage('data:image/png;base64,AA==') });
  expect(await inlineMedia(of, 'gemini', client)).toBe(of);
});

test.each(['http://127.0.0.1:1/a.png', 'https://127.0.0.1/a.png', 'https://169.254.169.254/latest', 'https://localhost/a.png'])(
  '%s is never contacted: the request is at fault',
  async (url) => {
    const vendor = await startVendor();
    const of = target({ body: withImage(url.replace(':1/', `:${new URL(vendor.url).port}/`)) });
    await expect(inlineMedia(of, 'gemini', client)).rejects.toMatchObject({ kind: 'invalid_request' });
    expect(vendor.requests).toHaveLength(0);
    await vendor.close();
  },
);

test('too many URLs are refused before any is fetched', async () => {
  const image = (index: number) => ({ type: 'image_url', image_url: { url: `https://example.com/${index}.png` } }) as const;
  const body = { messages: [{ role: 'user' as const, content: Array.from({ length: 21 }, (_, index) => image(index)) }] };
  await expect(inlineMedia(target({ body }), 'gemini', client)).rejects.toThrow(/more than 20/);
});
