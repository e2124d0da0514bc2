import { Webhook } from 'standardwebhooks';

/** Headers of Standard Webhooks over these very bytes; one signature for each secret, so that receivers can hold either. */
export function signMessage(messageId: string, payload: string, secrets: readonly string[], now: Date): Record<string, string> {
  return {
    'content-type': 'application/json',
    'webhook-id': messageId,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(messageId, now, payload)).join(' '),
  };
}
