/**
 * Typed reading of environment variables that are given as an argument: `process.env` is read by the planes' `config.ts` alone. Each
 * refusal is one line that names the variable and never shows a secret.
 */
import { isIP } from 'node:net';

export class ConfigError extends Error {
  constructor(variable: string, problem: string) {
    super(`${variable}: ${problem}`);
    this.name = 'ConfigError';
  }
}

/** Long enough that it cannot be guessed: 16 random bytes in hex, or 24 typed characters. */
const SECRET_LENGTH = 24;

export class Environment {
  constructor(private readonly variables: NodeJS.ProcessEnv) {}

  optional(name: string): string | undefined {
    return this.variables[name]?.trim() || undefined;
  }

  text(name: string, fallback?: string): string {
    const value = this.optional(name) ?? fallback;
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

  integer(name: string, fallback: number): number {
    const value = Number(this.text(name, String(fallback)));
    if (!Number.isSafeInteger(value) || value < 1) throw new ConfigError(name, 'must be a whole number of at least 1');
    return value;
  }

  /** One, or several with commas between them; each without a trailing slash. */
  urls(name: string, protocols: readonly string[]): string {
    const urls = this.text(name).split(',');
    return urls.map((url) => this.url(name, protocols, undefined, url.trim())).join(',');
  }

  /** Without a trailing slash. */
  url(name: string, protocols: readonly string[], fallback?: string, value = this.text(name, fallback)): string {
    if (!URL.canParse(value)) throw new ConfigError(name, 'must be an absolute URL');
    if (!protocols.includes(new URL(value).protocol)) throw new ConfigError(name, `must begin with ${protocols.join('// or ')}//`);
    return value.replace(/\/+$/, '');
  }

  optionalUrl(name: string, protocols: readonly string[]): string | undefined {
    return this.optional(name) === undefined ? undefined : this.url(name, protocols);
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

  list(name: string): string[] {
    return (this.optional(name) ?? '')
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
  }

  /** Addresses and CIDR ranges, separated by commas. */
  addressRanges(name: string): readonly string[] {
    const ranges = this.list(name);
    for (const range of ranges) {
      const [address = '', bits = '0'] = range.split('/');
      if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (isIP(address) === 4 ? 32 : 128))
        throw new ConfigError(name, `must be addresses and CIDR ranges, and "${range}" is none`);
    }
    return ranges;
  }
}
