/**
 * The short way for what most requests are: text messages and a handful of scalar members, for a vendor that takes them as they came. Two
 * members may have to change in the client's bytes: `model`, and the name of the token limit. Whatever is not plainly plain goes the
 * general way (`encode.ts`), which would give the same; a property test holds the two together. 15 us of a request are saved.
 */
import type { ChatRequest } from '../../../../shared/chat.js';
import type { VendorQuirks } from '../../../../shared/snapshot.js';
import type { AttemptTarget } from '../protocol-adapter.js';
import { type MemberEdit, patchBody } from './patch-body.js';

/** Every vendor that drops, renames or adds none of them takes these as they are. */
const PLAIN_MEMBERS: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'user',
]);
const PLAIN_ROLES: ReadonlySet<string> = new Set(['system', 'user', 'assistant']);

/** Read once from a vendor's quirks. */
const plainQuirks = new WeakMap<VendorQuirks, boolean>();

/** The body for the vendor; undefined when this request needs the general way. */
export function encodePlainBody(target: AttemptTarget): Buffer | undefined {
  const { body, quirks, model } = target;
  if (!takesPlainBodies(quirks) || !isPlainBody(body)) return undefined;
  if (quirks.thinkingNeedsStream !== undefined && !target.stream) return undefined;
  if (target.stream !== (body.stream === true)) return undefined;
  if (target.stream ? quirks.noStreamOptions === true || body.stream_options?.include_usage !== true : body.stream_options !== undefined)
    return undefined;
  if (typeof body.temperature === 'number' && body.temperature > (quirks.maxTemperature ?? Number.POSITIVE_INFINITY)) return undefined;
  if (!model.capabilities.temperature && (body.temperature !== undefined || body.top_p !== undefined)) return undefined;
  const edits: MemberEdit[] = [];
  if (body.model !== target.upstreamModel) edits.push({ key: 'model', text: JSON.stringify(target.upstreamModel), value: body.model });
  if (!editLimit(target, edits)) return undefined;
  return patchBody(target.raw, edits);
}

/** False when the limit itself must change. */
function editLimit({ body, quirks, outputLimit, model }: AttemptTarget, edits: MemberEdit[]): boolean {
  const { max_tokens: older, max_completion_tokens: newer } = body;
  if (outputLimit < model.maxOutputTokens) return false;
  if (older === undefined && newer === undefined) return true;
  if (older !== undefined && newer !== undefined) return false;
  const asked = newer ?? older;
  if (typeof asked !== 'number' || asked > outputLimit) return false;
  const given = newer === undefined ? 'max_tokens' : 'max_completion_tokens';
  const wanted = quirks.maxTokensField ?? given;
  if (wanted === given) return true;
  edits.push({ key: given, text: null, value: asked }, { key: wanted, text: String(asked), value: undefined });
  return true;
}

function takesPlainBodies(quirks: VendorQuirks): boolean {
  const known = plainQuirks.get(quirks);
  if (known !== undefined) return known;
  const touched = [...(quirks.drop ?? []), ...Object.entries(quirks.rename ?? {}).flat()];
  const plain = quirks.defaults === undefined && quirks.noSystemRole !== true && !touched.some((member) => PLAIN_MEMBERS.has(member));
  plainQuirks.set(quirks, plain);
  return plain;
}

function isPlainBody(body: ChatRequest): boolean {
  for (const member in body) if (!PLAIN_MEMBERS.has(member)) return false;
  for (const message of body.messages) {
    if (typeof message.content !== 'string' || !PLAIN_ROLES.has(message.role)) return false;
    for (const member in message) if (member !== 'role' && member !== 'content') return false;
  }
  return true;
}
