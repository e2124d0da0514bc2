import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../control-plane/config.js';

function ed25519(): string {
  const { d, x } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return `${d}.${x}`;
}

const GOOD = {
  DATABASE_URL: 'postgres://u:p@db/modelapi',
  REDIS_URL: 'redis://redis:6379',
  PUBLIC_URL: 'https://console.modelapi.dev/',
  NODE_TOKEN: randomBytes(24).toString('hex'),
  API_KEY_PEPPER: randomBytes(24).toString('hex'),
  SNAPSHOT_PRIVATE_KEY: ed25519(),
  JWT_PRIVATE_KEY: ed25519(),
  KMS_KEY: randomBytes(32).toString('base64url'),
  SMTP_URL: 'smtps://mail.modelapi.dev',
};

test('a whole configuration is read', () => {
  const config = loadConfig(GOOD);
  expect(config).toMatchObject({ mode: 'production', port: 4000, publicUrl: 'https://console.modelapi.dev', redisPrefix: 'modelapi' });
  expect(config.payment).toEqual({ stripe: undefined, usdt: { ethereum: undefined, tron: undefined } });
});

const [privateOfOne] = GOOD.JWT_PRIVATE_KEY.split('.');
test.each([
  ['DATABASE_URL', undefined],
  ['DATABASE_URL', 'mysql://db'],
  ['DATABASE_URL', 'not a url'],
  ['REDIS_URL', ''],
  ['PORT', '70000'],
  ['MODE', 'staging'],
  ['NODE_TOKEN', 'short'],
  ['NODE_TOKEN', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
  ['API_KEY_PEPPER', 'change-me-change-me-change-me'],
  ['KMS_KEY', 'c2hvcnQ'],
  ['SNAPSHOT_PRIVATE_KEY', 'nothing'],
  ['JWT_PRIVATE_KEY', `${privateOfOne}.${GOOD.SNAPSHOT_PRIVATE_KEY.split('.')[1]}`],
  ['SMTP_URL', undefined],
])('%s=%s stops the process with one line that names it', (name, value) => {
  const attempt = () => loadConfig({ ...GOOD, [name]: value });
  expect(attempt).toThrow(ConfigError);
  expect(attempt).toThrow(new RegExp(`^${name}: [^\n]+$`));
});

test('a webhook without a secret cannot be configured', () => {
  expect(() => loadConfig({ ...GOOD, STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: '' })).toThrow(/^STRIPE_WEBHOOK_SECRET: /);
  expect(() => loadConfig({ ...GOOD, STRIPE_SECRET_KEY: 'sk_live_1', STRIPE_WEBHOOK_SECRET: ' , ' })).toThrow(/^STRIPE_WEBHOOK_SECRET: /);
  expect(() => loadConfig({ ...GOOD, STRIPE_WEBHOOK_SECRET: 'whsec_1' })).toThrow(/^STRIPE_SECRET_KEY: /);
});

test('no refusal shows a secret', () => {
  for (const name of ['NODE_TOKEN', 'KMS_KEY', 'JWT_PRIVATE_KEY'])
    try {
      loadConfig({ ...GOOD, [name]: 'planted' });
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain('planted');
    }
});
