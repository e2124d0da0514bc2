/**
 * The only reader of the control plane's environment. `loadConfig` checks everything once, at start: a wrong or missing variable is one
 * line that names it, and the process stops. Outside `MODE=local` a secret that is short or known from the examples is refused.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { ConfigError, Environment } from '../shared/config-reader.js';
import { type PaymentConfig, readPaymentConfig } from './config-payment.js';

export { ConfigError } from '../shared/config-reader.js';

/** Raw halves of 32 bytes each, base64url. */
export interface Ed25519Pair {
  readonly d: string;
  readonly x: string;
}

export interface ControlPlaneConfig {
  readonly mode: 'local' | 'production';
  readonly host: string;
  readonly port: number;
  /** Where people reach the console and GraphQL. */
  readonly publicUrl: string;
  /** Where customers reach the API, without /v1; absent is the primary host of the settings, over https. */
  readonly gatewayUrl: string | undefined;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
  /** Bearer of `/internal`. */
  readonly nodeToken: string;
  readonly apiKeyPepper: string;
  readonly snapshotKey: Ed25519Pair;
  readonly jwtKey: Ed25519Pair;
  /** 32 bytes. */
  readonly kmsKey: Buffer;
  /** Absent (local mode only): mail is printed to the log, and kept in `mailDirectory` when there is one. */
  readonly smtpUrl: string | undefined;
  readonly mailDirectory: string | undefined;
  /** The sender. */
  readonly mailFrom: string;
  /** `http://127.0.0.1:9000`: called although it is not public. Local mode only. */
  readonly egressAllowedOrigins: readonly string[];
  /** Per address. */
  readonly signUpsPerHour: number;
  /** Where `x-forwarded-for` is believed: addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[];
  /** OpenTelemetry's collector; absent: no traces. */
  readonly tracesEndpoint: string | undefined;
  readonly logLevel: string;
  /** Absent: people log in with a password only. */
  readonly identityProvider: { readonly issuer: string; readonly clientId: string; readonly clientSecret: string } | undefined;
  readonly payment: PaymentConfig;
}

export function loadConfig(variables: NodeJS.ProcessEnv = process.env): ControlPlaneConfig {
  const read = new Environment(variables);
  const mode = read.oneOf('MODE', ['local', 'production'], 'production');
  const local = mode === 'local';
  const host = read.text('HOST', local ? '127.0.0.1' : '0.0.0.0');
  const port = read.port('PORT', 4000);
  return {
    mode,
    host,
    port,
    publicUrl: read.url('PUBLIC_URL', ['http:', 'https:'], local ? `http://${host}:${port}` : undefined),
    gatewayUrl: read.optionalUrl('GATEWAY_URL', local ? ['http:', 'https:'] : ['https:']),
    databaseUrl: read.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: read.urls('REDIS_URL', ['redis:', 'rediss:']),
    redisPrefix: read.text('REDIS_PREFIX', 'modelapi'),
    nodeToken: read.secret('NODE_TOKEN', local),
    apiKeyPepper: read.secret('API_KEY_PEPPER', local),
    snapshotKey: ed25519Pair(read, 'SNAPSHOT_PRIVATE_KEY'),
    jwtKey: ed25519Pair(read, 'JWT_PRIVATE_KEY'),
    kmsKey: Buffer.from(read.key('KMS_KEY'), 'base64url'),
    smtpUrl: local ? read.optionalUrl('SMTP_URL', ['smtp:', 'smtps:']) : read.url('SMTP_URL', ['smtp:', 'smtps:']),
    mailDirectory: read.optional('MAIL_DIRECTORY'),
    mailFrom: read.text('MAIL_FROM', 'ModelAPI <no-reply@localhost>'),
    egressAllowedOrigins: egressOrigins(read, local),
    signUpsPerHour: read.integer('SIGN_UPS_PER_HOUR', local ? 10_000 : 20),
    trustedProxies: read.addressRanges('TRUSTED_PROXIES'),
    tracesEndpoint: read.optionalUrl('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:']),
    logLevel: read.oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'], 'info'),
    identityProvider: identityProvider(read, local),
    payment: readPaymentConfig(read, local),
  };
}

/** `d.x`: the private and the public half, and they must belong together. */
function ed25519Pair(read: Environment, name: string): Ed25519Pair {
  const [d, x, rest] = read.text(name).split('.');
  if (d === undefined || x === undefined || rest !== undefined) throw new ConfigError(name, 'must be "<d>.<x>": raw Ed25519, base64url');
  try {
    const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
    if (createPublicKey(key).export({ format: 'jwk' }).x === x) return { d, x };
  } catch {
    // Falls through to the one line below: the cause may quote the key.
  }
  throw new ConfigError(name, 'is not an Ed25519 private key with its public key');
}

function egressOrigins(read: Environment, local: boolean): string[] {
  const origins = read.list('EGRESS_ALLOWED_ORIGINS');
  if (origins.length > 0 && !local) throw new ConfigError('EGRESS_ALLOWED_ORIGINS', 'is for MODE=local only');
  const wrong = origins.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin);
  if (wrong !== undefined) throw new ConfigError('EGRESS_ALLOWED_ORIGINS', `"${wrong}" is not an origin such as http://127.0.0.1:9000`);
  return origins;
}

function identityProvider(read: Environment, local: boolean): ControlPlaneConfig['identityProvider'] {
  const issuer = read.optionalUrl('OIDC_ISSUER', local ? ['http:', 'https:'] : ['https:']);
  if (issuer === undefined) return undefined;
  return { issuer, clientId: read.text('OIDC_CLIENT_ID'), clientSecret: read.text('OIDC_CLIENT_SECRET') };
}
