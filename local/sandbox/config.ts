/** The sandbox's only reader of the environment. */
export interface SandboxConfig {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** Throws Error naming the variable when `PORT` is not a port. */
export function loadSandboxConfig(environment: NodeJS.ProcessEnv): SandboxConfig {
  const port = Number(environment['PORT'] ?? '4010');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('PORT must be a number from 0 to 65535');
  return { host: environment['HOST'] ?? '127.0.0.1', port };
}
