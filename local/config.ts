/** The only reader of the environment and the arguments of `npm start`. Everything is optional. */
import { join, resolve } from 'node:path';

export interface LocalConfig {
  /** The project's folder. */
  readonly root: string;
  /** Of the compiled program. */
  readonly dist: string;
  /** `.data`, or `LOCAL_DATA_DIR`: a second installation beside the first. */
  readonly dataFolder: string;
  /** PostgreSQL and Redis of the user's own; absent: ours. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** One data-plane node each, in this order; the first is the gateway of the banner. */
  readonly regions: readonly string[];
  readonly vendors: RealVendors;
  /** Variables that the programs may see, too. */
  readonly inherited: Readonly<Record<string, string>>;
}

/** Vendors that join by the environment; the sandbox plays the others. */
export interface RealVendors {
  /** Ids of the catalogue's vendors that can join: one without a credential now loses the one of an earlier start. */
  readonly known: readonly string[];
  /** Credential by vendor id. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Addresses other than the catalogue's, by vendor id: tests put the sandbox in a vendor's place. */
  readonly baseUrls: Readonly<Record<string, string>>;
  /** An OpenAI-compatible server (Ollama, llama.cpp, vLLM), without a trailing slash. */
  readonly localOpenAiBaseUrl: string | undefined;
}

const DEFAULT_REGIONS = ['us', 'sg'];
const REGION = /^[a-z0-9][a-z0-9-]{0,31}$/;

const CREDENTIAL_VARIABLES: Readonly<Record<string, string>> = {
  OPENAI_API_KEY: 'openai',
  ANTHROPIC_API_KEY: 'anthropic',
  GEMINI_API_KEY: 'google',
  DEEPSEEK_API_KEY: 'deepseek',
  DASHSCOPE_API_KEY: 'alibaba',
  ZAI_API_KEY: 'zai',
  MOONSHOT_API_KEY: 'moonshotai',
  MISTRAL_API_KEY: 'mistral',
  XAI_API_KEY: 'xai',
  GROQ_API_KEY: 'groq',
  OPENROUTER_API_KEY: 'openrouter',
};

/** Of the system (certificates, proxies), of telemetry and of payments; a stack of its own otherwise starts with a clean environment. */
const INHERITED =
  /^(PATH|HOME|TZ|LANG|TMPDIR|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|OTEL_.*|STRIPE_.*|SMTP_.*|MAIL_FROM|EGRESS_ALLOWED_ORIGINS|LOG_LEVEL|USDT_.*|OIDC_.*|TRUSTED_PROXIES)$/;

/** `root`: the project's folder. Throws one line that names the variable or the argument. */
export function loadLocalConfig(environment: NodeJS.ProcessEnv, parameters: readonly string[], root: string): LocalConfig {
  return {
    root,
    dist: join(root, 'dist'),
    dataFolder: resolve(root, environment['LOCAL_DATA_DIR']?.trim() || '.data'),
    databaseUrl: readUrl(environment, 'DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: readUrl(environment, 'REDIS_URL', ['redis:', 'rediss:']),
    regions: readRegions(parameters),
    vendors: {
      known: Object.values(CREDENTIAL_VARIABLES),
      baseUrls: {},
      credentials: Object.fromEntries(
        Object.entries(CREDENTIAL_VARIABLES).flatMap(([variable, vendor]) => {
          const secret = environment[variable]?.trim();
          return secret ? [[vendor, secret]] : [];
        }),
      ),
      localOpenAiBaseUrl: readUrl(environment, 'LOCAL_OPENAI_BASE_URL', ['http:', 'https:']),
    },
    inherited: Object.fromEntries(
      Object.entries(environment).filter((entry): entry is [string, string] => INHERITED.test(entry[0]) && entry[1] !== undefined),
    ),
  };
}

function readUrl(environment: NodeJS.ProcessEnv, name: string, protocols: readonly string[]): string | undefined {
  const value = environment[name]?.trim();
  if (!value) return undefined;
  if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
    throw new Error(`${name}: must be a URL that begins with ${protocols.join('// or ')}//`);
  }
  return value.replace(/\/+$/, '');
}

/** `--regions us,sg` or `--regions=us,sg`. */
function readRegions(parameters: readonly string[]): readonly string[] {
  let regions = DEFAULT_REGIONS;
  for (let index = 0; index < parameters.length; index++) {
    const [name, inline] = (parameters[index] ?? '').split('=', 2);
    if (name !== '--regions') throw new Error(`unknown argument "${parameters[index]}": only --regions us,sg,... is known`);
    const list = inline ?? parameters[++index] ?? '';
    regions = list.split(',').map((region) => region.trim());
  }
  const wrong = regions.find((region) => !REGION.test(region));
  if (wrong !== undefined) throw new Error(`--regions: "${wrong}" is not a region id such as "us"`);
  if (new Set(regions).size < regions.length) throw new Error('--regions: a region stands there twice');
  return regions;
}
