import { lookup } from 'node:dns';
import { afterAll, describe, expect, test } from 'vitest';
import { UpstreamClient } from '../../../data-plane/upstream/dispatch.js';
import { checkUserUrl, isPublicAddress } from '../../../data-plane/upstream/safe-egress.js';
import { startVendor } from './scripted-vendor.js';

const client = new UpstreamClient();
afterAll(() => client.close());

describe('a URL that a user supplied', () => {
  test.each([
    'http://example.com/v1',
    'https://example.com:8443/v1',
    'https://user:password@example.com/v1',
    'ftp://example.com',
    'not a url',
    'https://127.0.0.1/v1',
    'https://[::1]/v1',
    'https://[::ffff:127.0.0.1]/v1',
    'https://2130706433/v1',
    'https://0x7f.1/v1',
    'https://0177.0.0.1/v1',
    'https://10.0.0.1/v1',
    'https://169.254.169.254/latest/meta-data',
    'https://192.168.1.1/',
    'https://100.64.0.1/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://0.0.0.0/',
    'https://224.0.0.1/',
    'https://[64:ff9b::7f00:1]/',
  ])('%s is refused', (url) => {
    expect(() => checkUserUrl(url)).toThrow(/refused/);
  });

  test.each(['https://api.example.com/v1', 'https://8.8.8.8/', 'https://[2606:4700::1111]/v1', 'https://example.com:443/v1'])(
    '%s may be called',
    (url) => {
      expect(checkUserUrl(url).protocol).toBe('https:');
    },
  );

  test('a name that resolves to this machine is refused while connecting', async () => {
    await new Promise((resolve) => lookup('localhost', resolve));
    const reader = client.send({ method: 'GET', url: 'https://localhost/', headers: {}, body: null, connectMs: 1_000, userSupplied: true });
    await expect(reader.head).rejects.toThrow(/refused: not a public address/);
  });

  test('nothing listening on a private address is ever contacted', async () => {
    const vendor = await startVendor();
    expect(() =>
      client.send({
        method: 'POST',
        url: vendor.url.replace('http:', 'https:'),
        headers: {},
        body: '',
        connectMs: 500,
        userSupplied: true,
      }),
    ).toThrow(/refused/);
    expect(vendor.requests).toHaveLength(0);
    await vendor.close();
  });
});

test('unicast alone is public', () => {
  expect(isPublicAddress('1.1.1.1')).toBe(true);
  expect(isPublicAddress('::ffff:10.0.0.1')).toBe(false);
  expect(isPublicAddress('nonsense')).toBe(false);
});
