/**
 * The only reader of the data plane's environment. `loadConfig` checks everything once, at start: a wrong or missing variable is one
 * line that names it, and the process stops. Outside `MODE=local` a secret that is short or known from the examples is refused.
 */
import { randomUUID } from 'node:crypto';
import { Environment } from '../shared/config-reader.js';

export { ConfigError } from '../shared/config-reader.js';

export interface DataPlaneConfig {
  readonly mode: 'local' | 'production';
  /** Of the program: shown in the fleet. */
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly nodeId: string;
  readonly region: string;
  /** Where peers and batch workers reach this node. */
  readonly publicUrl: string;
  /** Spool and last-known-good. */
  readonly dataDirectory: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly controlPlaneUrl: string;
  /** Bearer of the control plane's `/internal`. */
  readonly nodeToken: string;
  readonly apiKeyPepper: string;
  /** Raw Ed25519 public keys, base64url. */
  readonly snapshotPublicKey: string;
  readonly jwtPublicKey: string;
  /** Raw X25519 keys, base64url: credentials are sealed to them. */
  readonly regionKey: { readonly publicKey: string; readonly privateKey: string };
  /** Addresses and CIDR ranges whose `x-forwarded-for` is believed. */
  readonly trustedProxies: readonly string[];
  /** OpenTelemetry's collector; absent: no traces. */
  readonly tracesEndpoint: string | undefined;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/i;

/** Throws ConfigError: one line that names the variable. */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): DataPlaneConfig {
  const read = new Environment(environment);
  const mode = read.oneOf('MODE', ['local', 'production'], 'production');
  const local = mode === 'local';
  const host = read.text('HOST', local ? '127.0.0.1' : '0.0.0.0');
  const port = read.port('PORT', 8080);
  return {
    mode,
    version: read.text('VERSION', 'development'),
    host,
    port,
    nodeId: read.matching('NODE_ID', NAME, 'letters, digits and dashes', `node-${randomUUID().slice(0, 8)}`),
    region: read.matching('REGION', NAME, 'a region id such as "us"'),
    publicUrl: read.url('PUBLIC_URL', ['http:', 'https:'], local ? `http://${host}:${port}` : undefined),
    dataDirectory: read.text('DATA_DIR'),
    redisUrl: read.urls('REDIS_URL', ['redis:', 'rediss:']),
    redisPrefix: read.text('REDIS_PREFIX', 'modelapi'),
    controlPlaneUrl: read.url('CONTROL_PLANE_URL', ['http:', 'https:']),
    nodeToken: read.secret('NODE_TOKEN', local),
    apiKeyPepper: read.secret('API_KEY_PEPPER', local),
    snapshotPublicKey: read.key('SNAPSHOT_PUBLIC_KEY'),
    jwtPublicKey: read.key('JWT_PUBLIC_KEY'),
    regionKey: { publicKey: read.key('REGION_PUBLIC_KEY'), privateKey: read.key('REGION_PRIVATE_KEY') },
    trustedProxies: read.addressRanges('TRUSTED_PROXIES'),
    tracesEndpoint: read.optionalUrl('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:']),
  };
}
