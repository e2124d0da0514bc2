import { ConfigError, type Environment } from '../shared/config-reader.js';

interface StripeConfig {
  readonly secretKey: string;
  /** Any of them is good: two while one is being replaced. Never empty. */
  readonly webhookSecrets: readonly string[];
  /** Only the tests set it: a local fake. */
  readonly apiBase: string | undefined;
}

interface UsdtNetworkConfig {
  /** JSON-RPC. */
  readonly rpcUrl: string;
  /** The token's contract. */
  readonly contract: string;
  /** Extended PUBLIC key that deposit addresses are derived from; the private one is not on this machine. */
  readonly xpub: string;
}

export interface PaymentConfig {
  /** Absent: that method is not offered. */
  readonly stripe: StripeConfig | undefined;
  readonly usdt: { readonly ethereum: UsdtNetworkConfig | undefined; readonly tron: UsdtNetworkConfig | undefined };
}

/** A webhook route with an empty secret would believe anybody: half a configuration stops the process. */
export function readPaymentConfig(read: Environment, local: boolean): PaymentConfig {
  return {
    stripe: readStripe(read, local),
    usdt: { ethereum: readUsdt(read, 'ETHEREUM'), tron: readUsdt(read, 'TRON') },
  };
}

function readStripe(read: Environment, local: boolean): StripeConfig | undefined {
  const secretKey = read.optional('STRIPE_SECRET_KEY');
  if (secretKey === undefined) {
    if (read.optional('STRIPE_WEBHOOK_SECRET') !== undefined)
      throw new ConfigError('STRIPE_SECRET_KEY', 'is required with STRIPE_WEBHOOK_SECRET');
    return undefined;
  }
  const webhookSecrets = read.list('STRIPE_WEBHOOK_SECRET');
  if (webhookSecrets.length === 0) throw new ConfigError('STRIPE_WEBHOOK_SECRET', 'is required with STRIPE_SECRET_KEY');
  if (!local && webhookSecrets.some((secret) => !secret.startsWith('whsec_')))
    throw new ConfigError('STRIPE_WEBHOOK_SECRET', 'must begin with whsec_');
  return { secretKey, webhookSecrets, apiBase: read.optionalUrl('STRIPE_API_BASE', ['http:', 'https:']) };
}

function readUsdt(read: Environment, network: 'ETHEREUM' | 'TRON'): UsdtNetworkConfig | undefined {
  const rpcUrl = read.optionalUrl(`USDT_${network}_RPC_URL`, ['http:', 'https:']);
  if (rpcUrl === undefined) return undefined;
  const xpub = read.text(`USDT_${network}_XPUB`);
  if (!/^[xt]pub[1-9A-HJ-NP-Za-km-z]{100,}$/.test(xpub))
    throw new ConfigError(`USDT_${network}_XPUB`, 'must be an extended public key (xpub...)');
  return { rpcUrl, contract: read.text(`USDT_${network}_CONTRACT`), xpub };
}
