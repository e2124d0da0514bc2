/**
 * The dry run of a route, for an operator: a live node plans the pasted request with its own configuration and health, and says why.
 * A request that would be refused is an answer too. Throws `service_unavailable` when no node answers.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { request as send } from 'undici';
import { GatewayError } from '../../../shared/errors.js';
import { EXPLAIN_PATH, EXPLAIN_TICKET_HEADER, type ExplainCall, signExplainTicket } from '../../../shared/explain-ticket.js';
import type { NodeStatus } from '../../../shared/node-status.js';
import { ApiKey } from '../api-key/api-key.entity.js';
import type { Fleet } from '../fleet/fleet.js';
import { requireUuid } from '../identifiers.js';
import { type Actor, requirePermission } from '../permissions.js';
import type { ExplainRouteInput, RouteExplanation } from './explain-route.shapes.js';

/** Somebody pasted it by hand. */
const MAX_REQUEST_BYTES = 1024 * 1024;
const ANSWER_MS = 5_000;

const Text = Type.String();
const MaybeNumber = Type.Union([Type.Number(), Type.Null()]);
const Exclusions = Type.Array(Type.Object({ model: Text, vendor: Type.Union([Text, Type.Null()]), reason: Text }));
const explanation = Compile(
  Type.Object({
    reason: Text,
    tier: Type.Union([Text, Type.Null()]),
    complexity: Type.Union([
      Type.Object({
        score: Type.Number(),
        thresholds: Type.Object({ standard: Type.Number(), frontier: Type.Number() }),
        factors: Type.Record(Text, Type.Number()),
      }),
      Type.Null(),
    ]),
    estimate: Type.Object({ input_tokens: Type.Integer(), output_tokens: Type.Integer() }),
    ceiling_usd: Text,
    eligible_models: Type.Integer(),
    candidates: Type.Array(
      Type.Object({
        model: Text,
        vendor: Text,
        endpoint: Text,
        byok: Type.Boolean(),
        estimated_cost_usd: Text,
        ceiling_usd: Text,
        dropped: Type.Array(Text),
        health: Type.Object({
          success_rate: Type.Number(),
          share: Type.Number(),
          first_token_ms: MaybeNumber,
          tokens_per_second: MaybeNumber,
        }),
      }),
    ),
    excluded: Exclusions,
    revision: Type.Number(),
  }),
);
const refusal = Compile(
  Type.Object({
    error: Type.Object({
      message: Text,
      code: Text,
      excluded: Type.Optional(Exclusions),
      availability: Type.Optional(Type.Object({ excluded: Exclusions })),
    }),
  }),
);

export interface ExplainDependencies {
  readonly em: EntityManager;
  readonly fleet: Fleet;
  readonly nodeToken: string;
}

export async function explainRoute(dependencies: ExplainDependencies, actor: Actor, input: ExplainRouteInput): Promise<RouteExplanation> {
  requirePermission(actor, 'operator');
  if (Buffer.byteLength(input.request) > MAX_REQUEST_BYTES)
    throw new GatewayError('request_too_large', 'A request for a dry run may have 1 MB.', { param: 'input.request' });
  const node = chooseNode(dependencies.fleet, input.region ?? null);
  const keyHash = input.apiKeyId ? await readKeyHash(dependencies.em, input.apiKeyId) : null;
  const answer = await ask(node, dependencies.nodeToken, { request: input.request, keyHash });
  return shape(node, answer);
}

/** Ready, with the fewest open requests. */
function chooseNode(fleet: Fleet, region: string | null): NodeStatus {
  const ready = fleet.live().filter((status) => status.ready && (region === null || status.region === region));
  const [first] = ready.sort((left, right) => left.openRequests - right.openRequests);
  if (!first)
    throw new GatewayError('service_unavailable', region === null ? 'No node is ready.' : `No node of region ${region} is ready.`);
  return first;
}

async function readKeyHash(em: EntityManager, id: string): Promise<string> {
  const key = await em.findOne(ApiKey, { id: requireUuid(id) }, { populate: ['hash'] });
  if (!key) throw new GatewayError('not_found', 'No such API key.', { param: 'input.apiKeyId' });
  return key.hash.toString('hex');
}

async function ask(node: NodeStatus, nodeToken: string, call: ExplainCall): Promise<unknown> {
  const body = JSON.stringify(call);
  try {
    const answer = await send(new URL(EXPLAIN_PATH, node.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', [EXPLAIN_TICKET_HEADER]: signExplainTicket(body, nodeToken, Date.now()) },
      body,
      reset: true,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return await answer.body.json();
  } catch (cause) {
    throw new GatewayError('service_unavailable', `Node ${node.nodeId} did not answer. Try again.`, { cause });
  }
}

function shape(node: NodeStatus, answer: unknown): RouteExplanation {
  const asked = { nodeId: node.nodeId, region: node.region };
  if (refusal.Check(answer)) return { ...asked, ...REFUSED, ...refusalOf(answer.error) };
  if (!explanation.Check(answer)) throw new GatewayError('service_unavailable', `Node ${node.nodeId} answered what we cannot read.`);
  const { complexity } = answer;
  return {
    ...asked,
    refusal: null,
    refusalCode: null,
    reason: answer.reason,
    tier: answer.tier,
    complexity: complexity && {
      score: complexity.score,
      standardFrom: complexity.thresholds.standard,
      frontierFrom: complexity.thresholds.frontier,
      factors: complexity.factors,
    },
    inputTokens: answer.estimate.input_tokens,
    outputTokens: answer.estimate.output_tokens,
    ceilingUsd: answer.ceiling_usd,
    eligibleModels: answer.eligible_models,
    candidates: answer.candidates.map(({ health, estimated_cost_usd, ceiling_usd, model, vendor, endpoint, byok, dropped }) => ({
      ...{ model, vendor, endpoint, byok, dropped },
      estimatedCostUsd: estimated_cost_usd,
      ceilingUsd: ceiling_usd,
      health: {
        successRate: health.success_rate,
        share: health.share,
        firstTokenMs: health.first_token_ms,
        tokensPerSecond: health.tokens_per_second,
      },
    })),
    excluded: answer.excluded,
    revision: answer.revision,
  };
}

const REFUSED = {
  ...{ reason: null, tier: null, complexity: null, inputTokens: null, outputTokens: null },
  ...{ ceilingUsd: null, eligibleModels: null, candidates: [], revision: null },
};

function refusalOf({ message, code, excluded, availability }: Type.Static<ReturnType<typeof refusal.Type>>['error']) {
  return { refusal: message, refusalCode: code, excluded: excluded ?? availability?.excluded ?? [] };
}
