/** Requests and what a vendor makes of them: how much it streams, what it reports, how it breaks. Drawn once, from the seed. */

import type { Candidate, CompletionRequest, Endpoint, Frame, Model, Principal, RoutePlan } from '../../data-plane/types.js';
import type { NanoUsd } from '../../shared/money.js';
import { BATCH_50, byokChargeFor, chargeFor, INTERACTIVE, NO_TOKENS } from '../../shared/money.js';
import type { Random } from './world.js';

export interface Script {
  readonly request: CompletionRequest;
  readonly principal: Principal;
  readonly plan: RoutePlan;
  /** Frames, and the pause before each. */
  readonly frames: readonly { readonly afterMs: number; readonly frame: Frame }[];
  /** After the frames: the end, the vendor's failure, or the client's departure. */
  readonly ending: 'completed' | 'failed' | 'client_left';
  /** Failed before the first frame: no candidate was committed. */
  readonly committed: boolean;
  /** All tokens that the vendor reported, if it did. */
  readonly reportedTokens: number | undefined;
}

const NOTHING = Buffer.alloc(0);
export const BYTES_PER_TOKEN = 4;

export function makeModel(random: Random, id: string): Model {
  const input = BigInt(random.between(1, 20)) * 100_000n;
  const rates = {
    inputUncached: input,
    cacheRead: input / 10n,
    cacheWrite5m: input,
    cacheWrite1h: input * 2n,
    output: input * 5n,
    requests: 0n,
  };
  // Only what the money code reads of a model; the rest of a row has no part in the simulation.
  return {
    id,
    contextTokens: 200_000,
    maxOutputTokens: 4_096,
    bytesPerTokenHundredths: BYTES_PER_TOKEN * 100,
    price: { revision: random.between(1, 9), rates, tiers: [] },
  } as unknown as Model;
}

export function makeScript(random: Random, accountId: string, keyId: string, model: Model, nowMs: number): Script {
  const stream = random.chance(0.7);
  const multiplier = random.chance(0.1) ? BATCH_50 : INTERACTIVE;
  const byok = random.chance(0.1);
  const input = random.between(10, 3_000);
  const maxTokens = random.chance(0.5) ? random.between(16, 1_000) : null;
  const estimate = { input, inputUpper: Math.ceil(input * 1.3), outputExpected: 200, outputUpper: maxTokens ?? model.maxOutputTokens };
  const endpoint = { id: `${model.id}@v`, vendorId: 'v', upstreamModel: model.id, vendor: { quirks: {} } } as unknown as Endpoint;
  const bound = { ...NO_TOKENS, inputUncached: estimate.inputUpper, output: estimate.outputUpper };
  const ceiling: NanoUsd = byok ? byokChargeFor(bound, multiplier) : chargeFor(bound, model.price, multiplier);
  const credential = { id: 'c', secret: '', weight: 1, owner: 'house' } as const;
  const candidate: Candidate = { model, endpoint, credential, byok, expectedCost: ceiling, ceiling, dropped: [] };
  const batchItemId = multiplier === BATCH_50 ? random.uuid() : null;
  const request: CompletionRequest = {
    ...{ id: random.uuid(), raw: NOTHING, body: { model: model.id, messages: [], max_tokens: maxTokens }, stream, includeUsage: true },
    ...{ receivedAtMs: nowMs, deadlineMs: 600_000 },
  };
  const principal: Principal = { keyId, accountId, test: false, keyPolicy: {}, accountPolicy: {}, multiplier, batchItemId };
  const plan: RoutePlan = {
    ...{
      modelAsked: model.id,
      candidates: [candidate],
      excluded: [],
      estimate,
      ceiling,
      reason: 'simulated',
      tier: null,
      complexity: null,
    },
    ...{ hedge: false, sessionId: null, revision: 1 },
  };
  return { request, principal, plan, ...makeAnswer(random, stream, input, estimate.outputUpper) };
}

function makeAnswer(
  random: Random,
  stream: boolean,
  input: number,
  mostOutput: number,
): Pick<Script, 'frames' | 'ending' | 'committed' | 'reportedTokens'> {
  const ending = random.chance(0.75) ? 'completed' : random.pick(['failed', 'client_left'] as const);
  if (ending !== 'completed' && random.chance(0.4)) return { frames: [], ending, committed: false, reportedTokens: undefined };
  const output = random.chance(0.05) ? 0 : random.between(1, Math.min(mostOutput, random.pick([50, 500, 4_096])));
  const pieces = stream ? Math.min(output, random.between(1, 12)) : 1;
  const deliveredBytes = output * BYTES_PER_TOKEN;
  const frames: { afterMs: number; frame: Frame }[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    const bytes = Math.floor((deliveredBytes * (piece + 1)) / pieces) - Math.floor((deliveredBytes * piece) / pieces);
    frames.push({ afterMs: random.between(1, stream ? 1_500 : 4_000), frame: { data: NOTHING, deliveredBytes: bytes } });
  }
  if (ending !== 'completed')
    return { frames: frames.slice(0, random.between(0, frames.length)), ending, committed: true, reportedTokens: undefined };
  if (random.chance(0.1)) {
    frames.push({ afterMs: 1, frame: { data: NOTHING, deliveredBytes: 0, finishReason: 'stop' } });
    return { frames, ending, committed: true, reportedTokens: undefined };
  }
  // Now and then a report beyond reason: negative, absurd, fractional.
  const cached = random.between(0, input);
  const uncached = random.chance(0.03) ? random.pick([-5, 2 ** 52, 1.5, Number.NaN]) : input - cached;
  const usage = { buckets: { ...NO_TOKENS, inputUncached: uncached, cacheRead: cached, output }, reasoningTokens: 0, mismatch: false };
  const render = () => NOTHING;
  frames.push({ afterMs: 1, frame: { data: NOTHING, deliveredBytes: 0, finishReason: 'stop', usage, render } });
  const reportedTokens = Math.max(0, Number.isFinite(uncached) ? uncached : 0) + cached + output;
  return { frames, ending, committed: true, reportedTokens };
}
