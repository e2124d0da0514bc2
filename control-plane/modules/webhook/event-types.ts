/** What customers can be told. */
export const EVENT_TYPES = [
  'batch.completed',
  'batch.failed',
  'batch.cancelled',
  'batch.expired',
  'topup.credited',
  'topup.failed',
  'auto_topup.disabled',
  'auto_topup.capped',
  'balance.low',
  'key.paused',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Sent by hand, to whoever asks for it. */
export const TEST_EVENT = 'webhook.test';

/** `webhook-id`: of one message to one receiver, the same at every attempt. */
export function publicMessageId(deliveryId: string): string {
  return `msg_${deliveryId.replaceAll('-', '')}`;
}
