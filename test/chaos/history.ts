/** What customers saw, written down as it happens and to a file; `checkHistory` holds it against what the database says, offline. */
import { appendFileSync, readFileSync } from 'node:fs';
import type { Pool } from 'pg';

export interface CustomerView {
  readonly requestId: string;
  readonly node: string;
  readonly stream: boolean;
  /** 0: the connection broke before an answer. */
  readonly status: number;
  readonly errorCode: string | null;
  /** UTF-8 bytes of text that arrived. */
  readonly textBytes: number;
  readonly finishReason: string | null;
  /** `[DONE]`, or the whole body. */
  readonly finished: boolean;
  /** `usage.cost` in nano-USD, if it was shown. */
  readonly costNano: number | null;
  /** `usage.completion_tokens`, if it was shown. */
  readonly outputTokens: number | null;
  readonly tookMs: number;
}

export class History {
  readonly views: CustomerView[] = [];

  constructor(readonly file: string) {}

  add(view: CustomerView): void {
    this.views.push(view);
    appendFileSync(this.file, `${JSON.stringify(view)}\n`);
  }

  /** Answered in full. */
  get served(): readonly CustomerView[] {
    return this.views.filter((view) => view.status === 200 && view.finished);
  }

  countBy(status: number): number {
    return this.views.filter((view) => view.status === status).length;
  }
}

/** As it was written. */
export function readHistory(file: string): CustomerView[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CustomerView);
}

interface Settled {
  readonly charge: bigint;
  readonly reason: string;
  readonly output: number;
  readonly estimated: boolean;
}

export interface CheckOptions {
  /** Nodes whose disk was lost: their requests may have no settlement. */
  readonly lostDisks?: readonly string[];
}

/** Returns what is wrong. Every request that got bytes has one settlement (I3); what was shown is what is charged (I5); failures are free. */
export async function checkHistory(views: readonly CustomerView[], pool: Pool, options: CheckOptions = {}): Promise<string[]> {
  const settlements = await readSettlements(pool);
  const wrong: string[] = [];
  for (const view of views) {
    const settled = settlements.get(view.requestId);
    const mayBeLost = options.lostDisks?.includes(view.node) === true;
    if (view.status === 200 && !settled && !mayBeLost) wrong.push(`I3 ${view.requestId} was served by ${view.node} and has no settlement`);
    if (!settled) continue;
    const { charge, reason, output, estimated } = settled;
    if (view.finished && view.outputTokens !== null && output > view.outputTokens && !estimated)
      wrong.push(`I5 ${view.requestId} was shown ${view.outputTokens} tokens and charged for ${output} (${reason})`);
    // A node that is killed after its last byte, and before the END of it is written, is paid for what was last noted: less, never more.
    const wrongCharge = reason === 'node_crash' ? Number(charge) > (view.costNano ?? 0) : Number(charge) !== view.costNano;
    if (view.finished && view.costNano !== null && wrongCharge)
      wrong.push(`${view.requestId} was shown ${view.costNano} and charged ${charge} (${reason})`);
    if (view.status >= 400 && charge > 0n) wrong.push(`${view.requestId} failed with ${view.status} and was charged ${charge} (${reason})`);
  }
  return wrong;
}

/** Requests that a customer got bytes of and that have not settled yet. */
export async function unsettled(views: readonly CustomerView[], pool: Pool): Promise<number> {
  const settlements = await readSettlements(pool);
  return views.filter((view) => view.status === 200 && !settlements.has(view.requestId)).length;
}

async function readSettlements(pool: Pool): Promise<Map<string, Settled>> {
  const { rows } = await pool.query<{ request_id: string; charge: string; reason: string; output: string; estimated: boolean }>(
    'SELECT request_id, charge, reason, output, estimated FROM settlement',
  );
  return new Map(
    rows.map(({ request_id, charge, reason, output, estimated }) => [
      request_id,
      { charge: BigInt(charge), reason, output: Number(output), estimated },
    ]),
  );
}
