/**
 * `POST /internal/plan-lines`: lines of a batch's file, for the control plane's worker that takes it in. Only a signed batch ticket opens
 * it, and what is planned is what the ticket's key may do. Says of each line what it may cost, or what is wrong with it.
 */
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { FILE_BATCH_ENDPOINT, type LineError, type PlanLinesAnswer, type PlannedLine } from '../../shared/batch-file.js';
import { GatewayError } from '../../shared/errors.js';
import { callerOf, type HttpContext } from './context.js';
import { checkCustomId, createItemPlanner, inTurns, MAX_CUSTOM_ID_LENGTH, type PlanItem } from './plan-batch-item.js';
import { readBody } from './read-body.js';

/** A line of the largest body that a completion may have, as JSON within JSON. */
const BODY_BYTES = 24 * 1024 * 1024;
const Lines = Type.Object({ lines: Type.Array(Type.Object({ line: Type.Integer(), text: Type.String() })) });

export function registerPlanLines(server: FastifyInstance, context: HttpContext): void {
  server.post('/internal/plan-lines', { bodyLimit: BODY_BYTES }, async (request): Promise<PlanLinesAnswer> => {
    const caller = callerOf(request, context);
    if (caller.batchTicket === undefined) throw new GatewayError('forbidden', 'This route is for the workers of batches.');
    const snapshot = context.stages.snapshot();
    const principal = context.stages.authenticate(caller, snapshot);
    const plan = createItemPlanner(context, principal, snapshot, request.id);
    const errors: LineError[] = [];
    const planned = await inTurns(readBody(request, Lines).lines, ({ line, text }) => {
      try {
        const { customId, ceilingNano } = planLine(text, plan);
        return { customId, ceilingNano: principal.test ? '0' : ceilingNano };
      } catch (error) {
        if (!(error instanceof GatewayError) || error.status >= 500) throw error;
        errors.push({ code: error.code, line, message: error.message, param: error.param });
        return { customId: '', ceilingNano: '0' };
      }
    });
    return { planned: errors.length === 0 ? planned : [], errors };
  });
}

function planLine(text: string, plan: PlanItem): PlannedLine {
  const line = parseLine(text);
  const { custom_id: customId, method, url, body } = line;
  if (typeof customId !== 'string' || customId.length < 1 || customId.length > MAX_CUSTOM_ID_LENGTH)
    throw wrong('custom_id', `must be a text of 1 to ${MAX_CUSTOM_ID_LENGTH} characters.`);
  checkCustomId(customId, 'custom_id');
  if (method !== 'POST') throw wrong('method', "must be 'POST'.");
  if (url !== FILE_BATCH_ENDPOINT) throw wrong('url', `must be the batch's endpoint, '${FILE_BATCH_ENDPOINT}'.`);
  return { customId, ceilingNano: plan(body, '').ceiling.toString() };
}

function parseLine(text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('invalid_request', 'This line is not valid JSON.', { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new GatewayError('invalid_request', 'This line is not a JSON object.');
}

function wrong(param: string, must: string): GatewayError {
  return new GatewayError('invalid_request', `Invalid '${param}': ${must}`, { param });
}
