/**
 * Takes in a batch that is made from a file: reads the file a piece at a time, has a node check and plan its lines (as it would a
 * completion of the same key), stages the items, and accepts the batch when the last line is good. What is wrong with a line ends the
 * batch as `failed` and is told with its number; nothing is held until all is well. When a node or PostgreSQL goes away the job fails, and
 * the queue runs it again from the first line.
 */
import type { Pool } from 'pg';
import type { Agent } from 'undici';
import { FILE_BATCH_MAX_ITEMS, type LineError, type PlanLinesAnswer, type PlanLinesCall } from '../../shared/batch-file.js';
import { signBatchTicket } from '../../shared/batch-ticket.js';
import { ERRORS, type ErrorCode, GatewayError } from '../../shared/errors.js';
import type { OnBatchEnded } from '../modules/batch/finish-items.js';
import type { QueueSlices } from '../modules/batch/submit-batch.js';
import { acceptBatch, beginIntake, type Intake, refuseBatch, stageItems } from '../modules/batch/take-in-batch.js';
import type { Kms } from '../modules/byok/kms.js';
import { type Line, splitLines, UnreadableLine } from '../modules/file/split-lines.js';
import { readFile } from '../modules/file/store-file.js';
import type { Fleet } from '../modules/fleet/fleet.js';
import { chooseNode } from './choose-node.js';

/** What a node takes as one completion. */
const MAX_LINE_BYTES = 10 * 1024 * 1024;
/** A node plans a part in short turns; a part is a round trip and a transaction. */
const PART_LINES = 200;
const PART_BYTES = 512 * 1024;
const PLAN_MS = 60_000;
const TICKET_SECONDS = 300;

export interface IntakeDependencies {
  readonly pool: Pool;
  readonly kms: Kms;
  readonly fleet: Fleet;
  readonly agent: Agent;
  readonly nodeToken: string;
  readonly queue: QueueSlices;
  readonly onEnded: OnBatchEnded;
}

/** True when items are queued. Throws when it is to be tried again. */
export async function takeInBatch(dependencies: IntakeDependencies, batchId: string): Promise<boolean> {
  const { pool, kms, queue, onEnded } = dependencies;
  const intake = await beginIntake(pool, kms, batchId);
  if (!intake) return false;
  try {
    const taken = await stageLines(dependencies, intake);
    if (taken === undefined) return false;
    if ('errors' in taken) {
      await refuseBatch(pool, intake, taken.errors, onEnded);
      return false;
    }
    await acceptBatch(pool, intake, taken, queue);
    return true;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.status >= 500) throw error;
    const line = error instanceof UnreadableLine ? error.line : null;
    await refuseBatch(pool, intake, [{ code: error.code, line, message: error.message, param: error.param }], onEnded);
    return false;
  }
}

type Taken = { readonly total: number; readonly ceiling: bigint } | { readonly errors: readonly LineError[] };

/** Undefined when the batch was cancelled meanwhile, or another run has taken over. */
async function stageLines(dependencies: IntakeDependencies, intake: Intake): Promise<Taken | undefined> {
  const { pool, kms } = dependencies;
  const lines = splitLines(readFile(pool, kms, intake.accountId, intake.inputFileId), MAX_LINE_BYTES);
  const seen = new Map<string, number>();
  let ceiling = 0n;
  // The part before is stored while a node plans the next one.
  let staging = Promise.resolve(true);
  for await (const part of inParts(lines)) {
    const first = seen.size;
    if (first + part.length > FILE_BATCH_MAX_ITEMS)
      return refused('too_many_requests', null, `A batch has at most ${FILE_BATCH_MAX_ITEMS} lines.`);
    const { planned, errors } = await planLines(dependencies, intake, part);
    if (!(await staging)) return undefined;
    if (errors.length > 0) return { errors };
    const items = planned.map(({ customId, ceilingNano }, index) => {
      const { body } = JSON.parse(part[index]?.text ?? '{}') as { body: object };
      return { customId, ceilingNano, body };
    });
    for (const [index, { customId, ceilingNano }] of items.entries()) {
      const line = part[index]?.line ?? null;
      const earlier = seen.get(customId);
      if (earlier !== undefined)
        return refused('duplicate_custom_id', line, `The custom_id '${customId}' stands in line ${earlier}, too.`, 'custom_id');
      seen.set(customId, line ?? 0);
      ceiling += BigInt(ceilingNano);
    }
    staging = stageItems(pool, intake, first, items);
    // Told where it is awaited.
    staging.catch(() => undefined);
  }
  if (!(await staging)) return undefined;
  return seen.size === 0 ? refused('empty_file', null, 'The file has no line.') : { total: seen.size, ceiling };
}

function refused(code: string, line: number | null, message: string, param: string | null = null): Taken {
  return { errors: [{ code, line, message, param }] };
}

async function* inParts(lines: AsyncIterable<Line>): AsyncGenerator<Line[]> {
  let part: Line[] = [];
  let bytes = 0;
  for await (const line of lines) {
    if (part.length > 0 && (part.length === PART_LINES || bytes + line.text.length > PART_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(line);
    bytes += line.text.length;
  }
  if (part.length > 0) yield part;
}

/** Throws GatewayError: the node's refusal of the key, or `service_unavailable` when no node can be asked. */
async function planLines(
  { agent, fleet, nodeToken }: IntakeDependencies,
  intake: Intake,
  lines: readonly Line[],
): Promise<PlanLinesAnswer> {
  const origin = chooseNode(fleet);
  if (origin === undefined) throw new GatewayError('service_unavailable', 'No node is free to check the lines.');
  const expiresAt = Math.floor(Date.now() / 1000) + TICKET_SECONDS;
  const ticket = signBatchTicket({ batchItemId: intake.batchId, keyHash: intake.keyHash, expiresAt }, nodeToken);
  const call: PlanLinesCall = { lines };
  const response = await agent.request({
    origin,
    path: '/internal/plan-lines',
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-modelapi-batch-ticket': ticket },
    body: JSON.stringify(call),
    headersTimeout: PLAN_MS,
    bodyTimeout: PLAN_MS,
  });
  const answer = (await response.body.json()) as PlanLinesAnswer & { readonly error?: { readonly code: string; readonly message: string } };
  if (response.statusCode === 200) return answer;
  const { code = 'service_unavailable', message = 'The node could not check the lines.' } = answer.error ?? {};
  throw new GatewayError(Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'service_unavailable', message);
}
