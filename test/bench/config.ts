/** The benchmark's only reader of the environment: where the bare pass-through listens and what it forwards to. */
export interface BareConfig {
  readonly upstream: string;
  readonly port: number;
}

export function bareEnvironment(config: BareConfig): Record<string, string> {
  return { BARE_UPSTREAM: config.upstream, BARE_PORT: String(config.port) };
}

/** Throws Error when a variable is missing. */
export function readBareConfig(environment: NodeJS.ProcessEnv): BareConfig {
  const { BARE_UPSTREAM: upstream, BARE_PORT: port } = environment;
  if (upstream === undefined || port === undefined) throw new Error('BARE_UPSTREAM and BARE_PORT must be set');
  return { upstream, port: Number(port) };
}
