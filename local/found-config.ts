/** The environment of `found-installation.ts`. */

export interface FoundConfig {
  readonly databaseUrl: string;
  /** 32 bytes. */
  readonly kmsKey: Buffer;
  readonly operator: { readonly email: string; readonly password: string };
  /** Region id -> where it answers, and its sealing key. */
  readonly regions: Readonly<Record<string, { readonly url: string; readonly sealingKey: string }>>;
}

/** Throws one line that names the variable. `REGIONS` is `us=<url>=<public key>,sg=...`. */
export function loadFoundConfig(environment: NodeJS.ProcessEnv): FoundConfig {
  const read = (name: string) => {
    const value = environment[name]?.trim();
    if (!value) throw new Error(`${name}: is required`);
    return value;
  };
  return {
    databaseUrl: read('DATABASE_URL'),
    kmsKey: Buffer.from(read('KMS_KEY'), 'base64url'),
    operator: { email: read('OPERATOR_EMAIL').toLowerCase(), password: read('OPERATOR_PASSWORD') },
    regions: Object.fromEntries(
      read('REGIONS')
        .split(',')
        .map((text) => {
          const [id = '', url = '', sealingKey = ''] = text.trim().split('=');
          if (!URL.canParse(url) || sealingKey.length !== 43) throw new Error(`REGIONS: "${text.trim()}" is not <id>=<url>=<public key>`);
          return [id, { url: url.replace(/\/+$/, ''), sealingKey }];
        }),
    ),
  };
}
