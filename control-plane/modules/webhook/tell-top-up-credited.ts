import { formatUsd, type NanoUsd } from '../../../shared/money.js';
import { type Queries, queueEvent } from './queue-event.js';

export interface CreditedTopUp {
  readonly accountId: string;
  /** Null: a deposit that nobody announced. */
  readonly topUpId: string | null;
  readonly amount: NanoUsd;
  readonly method: string;
}

/** `topup.credited`, in the transaction that credits it. */
export async function tellTopUpCredited(client: Queries, { accountId, topUpId, amount, method }: CreditedTopUp): Promise<void> {
  await queueEvent(client, { accountId, type: 'topup.credited', data: { id: topUpId, amount_usd: formatUsd(amount), method } });
}
