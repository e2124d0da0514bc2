/**
 * The secrets of one local installation: made once, kept in `.data/secrets.json` (readable by its owner only), so that keys, sessions
 * and sealed credentials survive a restart. Production brings its own by the environment.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mintApiKey } from '../shared/api-key.js';
import { generateRegionKey, type RegionKeyPair } from '../shared/sealed.js';

export interface Secrets {
  readonly postgresPassword: string;
  readonly nodeToken: string;
  readonly apiKeyPepper: string;
  readonly kmsKey: string;
  /** Between the stand-in for Stripe and the control plane. */
  readonly stripeWebhookSecret: string;
  /** Raw Ed25519 keys, base64url. */
  readonly snapshot: SigningKey;
  readonly jwt: SigningKey;
  readonly regions: Readonly<Record<string, RegionKeyPair>>;
  readonly operatorPassword: string;
  /** The demo account's keys. */
  readonly apiKey: string;
  readonly testKey: string;
}

export interface SigningKey {
  readonly publicKey: string;
  readonly privateKey: string;
}

export function generateSecrets(regions: readonly string[]): Secrets {
  const apiKeyPepper = randomText(32);
  return withRegions(
    {
      postgresPassword: randomText(18),
      nodeToken: randomText(32),
      apiKeyPepper,
      kmsKey: randomText(32),
      stripeWebhookSecret: `whsec_${randomText(24)}`,
      snapshot: generateSigningKey(),
      jwt: generateSigningKey(),
      regions: {},
      operatorPassword: randomText(12),
      apiKey: mintApiKey(apiKeyPepper, { test: false }).key,
      testKey: mintApiKey(apiKeyPepper, { test: true }).key,
    },
    regions,
  );
}

/** Those of the file, made now when it is new; what it does not know yet (a region, a newer secret) is added. */
export function loadSecrets(file: string, regions: readonly string[]): Secrets {
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>) : {};
  const secrets = withRegions({ ...generateSecrets([]), ...known }, regions);
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}

function withRegions(secrets: Secrets, regions: readonly string[]): Secrets {
  const keys = Object.fromEntries(regions.map((region) => [region, secrets.regions[region] ?? generateRegionKey()]));
  return { ...secrets, regions: { ...secrets.regions, ...keys } };
}

/** Base64url: fits a URL, a header and a shell line. */
function randomText(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

function generateSigningKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { publicKey: publicKey.export({ format: 'jwk' }).x ?? '', privateKey: privateKey.export({ format: 'jwk' }).d ?? '' };
}
