/**
 * Sends queued webhooks, in every control plane at once: a message is claimed in PostgreSQL, tried, and recorded. Whatever dies, it
 * comes again under the same id (at least once; receivers tell repeats by `webhook-id`).
 * One account with slow receivers takes only its share. When PostgreSQL is away nothing is sent and nothing is lost.
 */
import type { Logger } from 'pino';
import { type ClaimedDelivery, claimDeliveries } from '../modules/webhook/claim-deliveries.js';
import { type DeliveryDependencies, deliverMessage } from '../modules/webhook/deliver-message.js';
import { deleteOldDeliveries } from '../modules/webhook/record-attempt.js';
import { repeat } from './repeat.js';

const LOOK_MS = 500;
const CARE_MS = 10 * 60_000;
const AT_ONCE = 32;
const AT_ONCE_PER_ACCOUNT = 4;

export interface WebhookWorkerDependencies extends DeliveryDependencies {
  readonly log: Pick<Logger, 'error' | 'warn'>;
}

export function startWebhookDelivery(dependencies: WebhookWorkerDependencies): { stop(): Promise<void> } {
  const { pool, log } = dependencies;
  const open = new Map<string, { readonly accountId: string; readonly work: Promise<void> }>();

  const deliver = async (delivery: ClaimedDelivery) => {
    try {
      await deliverMessage(dependencies, delivery);
    } catch (error) {
      log.warn({ err: error, delivery: delivery.id }, 'a webhook was not recorded; it comes again');
    } finally {
      open.delete(delivery.id);
    }
  };
  const look = async () => {
    const limits = { count: AT_ONCE - open.size, perAccount: AT_ONCE_PER_ACCOUNT, busyAccounts: busyAccounts() };
    if (limits.count <= 0) return;
    for (const delivery of await claimDeliveries(pool, limits))
      open.set(delivery.id, { accountId: delivery.accountId, work: deliver(delivery) });
  };
  const busyAccounts = () => {
    const counts = Map.groupBy(open.values(), ({ accountId }) => accountId);
    return [...counts].filter(([, deliveries]) => deliveries.length >= AT_ONCE_PER_ACCOUNT).map(([accountId]) => accountId);
  };

  const workers = [repeat('webhooks', LOOK_MS, look, log), repeat('care of webhooks', CARE_MS, () => deleteOldDeliveries(pool), log)];
  return {
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all([...open.values()].map(({ work }) => work));
    },
  };
}
