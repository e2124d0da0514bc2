/**
 * The only reader of the data plane's environment. `loadConfig` checks everything once, at start: a wrong or missing variable is one
 * line that names it, and the process stops. Outside `MODE=local` a secret that is short or known from the examples is refused.
 */
import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';

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

export class ConfigError extends Error {
  constructor(variable: string, problem: string) {
    super(`${variable}: ${problem}`);
    this.name = 'ConfigError';
  }
}

/** Long enough that it cannot be guessed: 16 random bytes in hex, or 24 typed characters. */
const SECRET_LENGTH = 24;
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

class Environment {
  constructor(private readonly variables: NodeJS.ProcessEnv) {}

  text(name: string, fallback?: string): string {
    const value = this.variables[name]?.trim() || fallback;
    if (value === undefined) throw new ConfigError(name, 'is required');
    return value;
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.text(name, fallback);
    const choice = choices.find((one) => one === value);
    if (choice === undefined) throw new ConfigError(name, `must be one of ${choices.join(', ')}, not "${value}"`);
    return choice;
  }

  matching(name: string, pattern: RegExp, description: string, fallback?: string): string {
    const value = this.text(name, fallback);
    if (!pattern.test(value)) throw new ConfigError(name, `must be ${description}, not "${value}"`);
    return value;
  }

  port(name: string, fallback: number): number {
    const value = Number(this.text(name, String(fallback)));
    if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new ConfigError(name, 'must be a port number');
    return value;
  }

  /** Without a trailing slash. */
  /** One, or several with commas between them. */
  urls(name: string, protocols: readonly string[]): string {
    const urls = this.text(name).split(',');
    return urls.map((url) => this.url(name, protocols, undefined, url.trim())).join(',');
  }

  url(name: string, protocols: readonly string[], fallback?: string, value = this.text(name, fallback)): string {
    if (!URL.canParse(value)) throw new ConfigError(name, 'must be an absolute URL');
    if (!protocols.includes(new URL(value).protocol)) throw new ConfigError(name, `must begin with ${protocols.join('// or ')}//`);
    return value.replace(/\/+$/, '');
  }

  optionalUrl(name: string, protocols: readonly string[]): string | undefined {
    return (this.variables[name]?.trim() ?? '') === '' ? undefined : this.url(name, protocols);
  }

  secret(name: string, local: boolean): string {
    const value = this.text(name);
    if (local) return value;
    if (value.length < SECRET_LENGTH) throw new ConfigError(name, `must have at least ${SECRET_LENGTH} characters`);
    if (new Set(value).size < 8 || /change-?me|example|secret|local/i.test(value))
      throw new ConfigError(name, 'is a placeholder, not a secret');
    return value;
  }

  /** 32 bytes in base64url: a raw Ed25519 or X25519 key. The value is never printed. */
  key(name: string): string {
    const value = this.text(name);
    if (!/^[\w-]+$/.test(value) || Buffer.from(value, 'base64url').length !== 32)
      throw new ConfigError(name, 'must be 32 bytes in base64url');
    return value;
  }

  /** Addresses and CIDR ranges, separated by commas. */
  addressRanges(name: string): readonly string[] {
    const ranges = (this.variables[name] ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    for (const range of ranges) {
      const [address = '', bits = '0'] = range.split('/');
      if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (isIP(address) === 4 ? 32 : 128))
        throw new ConfigError(name, `must be addresses and CIDR ranges, and "${range}" is none`);
    }
    return ranges;
  }
}
