/** The environment that each program of a stack on one machine is started with. Names are those of the planes' config.ts files. */
import type { Secrets } from './secrets.js';

export interface StackAddresses {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Separates stacks on one Redis. */
  readonly redisPrefix: string;
  readonly controlPlaneUrl: string;
  readonly sandboxUrl: string;
}

export interface NodePlace {
  readonly nodeId: string;
  readonly region: string;
  readonly port: number;
  /** Spool and last-known-good; absolute. */
  readonly dataDirectory: string;
}

/** What a program may take over from our own environment. */
export type Inherited = Readonly<Record<string, string>>;

const HOST = '127.0.0.1';

/** `mailFolder`: where mail is kept instead of sent, absolute. */
export function controlPlaneEnvironment(
  addresses: StackAddresses,
  secrets: Secrets,
  mailFolder: string,
  inherited: Inherited,
): Record<string, string> {
  return {
    ...inherited,
    MODE: 'local',
    HOST,
    PORT: new URL(addresses.controlPlaneUrl).port,
    PUBLIC_URL: addresses.controlPlaneUrl,
    DATABASE_URL: addresses.databaseUrl,
    REDIS_URL: addresses.redisUrl,
    REDIS_PREFIX: addresses.redisPrefix,
    NODE_TOKEN: secrets.nodeToken,
    API_KEY_PEPPER: secrets.apiKeyPepper,
    SNAPSHOT_PRIVATE_KEY: `${secrets.snapshot.privateKey}.${secrets.snapshot.publicKey}`,
    JWT_PRIVATE_KEY: `${secrets.jwt.privateKey}.${secrets.jwt.publicKey}`,
    KMS_KEY: secrets.kmsKey,
    MAIL_DIRECTORY: mailFolder,
    // A customer's credential for a vendor that the sandbox plays is tried there.
    EGRESS_ALLOWED_ORIGINS: [addresses.sandboxUrl, inherited['EGRESS_ALLOWED_ORIGINS'] ?? ''].filter((origin) => origin !== '').join(','),
  };
}

export function dataPlaneEnvironment(
  addresses: StackAddresses,
  secrets: Secrets,
  place: NodePlace,
  inherited: Inherited,
): Record<string, string> {
  const regionKey = secrets.regions[place.region];
  if (regionKey === undefined) throw new Error(`region ${place.region} has no key`);
  return {
    ...inherited,
    MODE: 'local',
    HOST,
    PORT: String(place.port),
    NODE_ID: place.nodeId,
    REGION: place.region,
    PUBLIC_URL: `http://${HOST}:${place.port}`,
    DATA_DIR: place.dataDirectory,
    REDIS_URL: addresses.redisUrl,
    REDIS_PREFIX: addresses.redisPrefix,
    CONTROL_PLANE_URL: addresses.controlPlaneUrl,
    NODE_TOKEN: secrets.nodeToken,
    API_KEY_PEPPER: secrets.apiKeyPepper,
    SNAPSHOT_PUBLIC_KEY: secrets.snapshot.publicKey,
    JWT_PUBLIC_KEY: secrets.jwt.publicKey,
    REGION_PUBLIC_KEY: regionKey.publicKey,
    REGION_PRIVATE_KEY: regionKey.privateKey,
  };
}

/** Added to the control plane's: payments go to the stand-in. */
export function fakeStripeAccess(port: number, secrets: Secrets): Record<string, string> {
  return {
    STRIPE_API_BASE: `http://${HOST}:${port}`,
    STRIPE_SECRET_KEY: 'sk_test_local',
    STRIPE_WEBHOOK_SECRET: secrets.stripeWebhookSecret,
  };
}

export function fakeStripeEnvironment(port: number, addresses: StackAddresses, secrets: Secrets): Record<string, string> {
  return {
    PORT: String(port),
    WEBHOOK_URL: `${addresses.controlPlaneUrl}/webhooks/stripe`,
    WEBHOOK_SECRET: secrets.stripeWebhookSecret,
  };
}

export function sandboxEnvironment(port: number, inherited: Inherited): Record<string, string> {
  return { ...inherited, HOST, PORT: String(port) };
}
