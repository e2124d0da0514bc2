export interface FakeStripeConfig {
  readonly port: number;
  readonly webhookUrl: string;
  readonly webhookSecret: string;
}

/** Throws one line that names the variable. */
export function readConfig(variables: NodeJS.ProcessEnv = process.env): FakeStripeConfig {
  const read = (name: string) => {
    const value = variables[name];
    if (!value) throw new Error(`${name} is required`);
    return value;
  };
  return { port: Number(read('PORT')), webhookUrl: read('WEBHOOK_URL'), webhookSecret: read('WEBHOOK_SECRET') };
}
