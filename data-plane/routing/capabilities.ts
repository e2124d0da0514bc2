/**
 * What a request needs, what an endpoint has, and which members of the request an endpoint cannot do.
 * A need excludes an endpoint; a member that is only a wish is dropped and named in `x-modelapi-dropped`, unless the customer said
 * `require_parameters` or left the choice of model to us (`auto`, groups): then there is somebody else who can do it.
 */
import type { ChatRequest } from '../../shared/chat.js';
import type { Capabilities, Protocol } from '../../shared/snapshot.js';
import type { Endpoint, Model } from '../types.js';

const BITS: readonly (keyof Capabilities)[] = [
  'tools',
  'parallelTools',
  'imageInput',
  'audioInput',
  'fileInput',
  'jsonObject',
  'jsonSchema',
  'reasoning',
  'logprobs',
  'multipleChoices',
];

function bit(capability: (typeof BITS)[number]): number {
  return 1 << BITS.indexOf(capability);
}

const TOOLS = bit('tools');
const PARALLEL_TOOLS = bit('parallelTools');
const IMAGES = bit('imageInput');
const AUDIO = bit('audioInput');
const FILES = bit('fileInput');
const JSON_OBJECT = bit('jsonObject');
const JSON_SCHEMA = bit('jsonSchema');
const REASONING = bit('reasoning');
const LOGPROBS = bit('logprobs');
const CHOICES = bit('multipleChoices');

/** Members that can be left out of a request without changing what it is about. */
const OPTIONAL_MEMBERS = [
  'temperature',
  'top_p',
  'top_k',
  'seed',
  'stop',
  'n',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'reasoning_effort',
  'reasoning',
  'verbosity',
  'prediction',
  'parallel_tool_calls',
  'service_tier',
  'store',
  'metadata',
  'prompt_cache_key',
] as const satisfies readonly (keyof ChatRequest)[];

/** Stands among the members when some of the tools are custom: those that only OpenAI knows are left out elsewhere. */
const CUSTOM_TOOLS = 'tools';

/** What a protocol has no word for (conformance.md 7: 19 to 21). */
const UNSPEAKABLE: Readonly<Record<Protocol, ReadonlySet<string>>> = {
  openai: new Set(),
  anthropic: new Set([
    'seed',
    'n',
    'presence_penalty',
    'frequency_penalty',
    'logit_bias',
    'logprobs',
    'top_logprobs',
    'verbosity',
    'prediction',
    'store',
    'metadata',
    'prompt_cache_key',
  ]),
  gemini: new Set([
    'logit_bias',
    'verbosity',
    'prediction',
    'parallel_tool_calls',
    'service_tier',
    'store',
    'metadata',
    'prompt_cache_key',
  ]),
};

export interface Needs {
  /** Bits without which the request makes no sense. */
  readonly required: number;
  /** Bits that a plain model may lack: the member is then dropped. */
  readonly wished: number;
  /** Optional members that the request carries. */
  readonly members: readonly string[];
}

export function needsOf(body: ChatRequest): Needs {
  let required = 0;
  let wished = 0;
  if ((body.tools?.length ?? 0) > 0 || (body.functions?.length ?? 0) > 0) {
    required |= TOOLS;
    if (body.parallel_tool_calls === true) wished |= PARALLEL_TOOLS;
  }
  if (body.response_format?.type === 'json_schema') required |= JSON_SCHEMA;
  else if (body.response_format?.type === 'json_object') required |= JSON_OBJECT;
  for (const message of body.messages) {
    if (typeof message.content !== 'object' || message.content === null) continue;
    for (const part of message.content) {
      if (part.type === 'image_url') required |= IMAGES;
      else if (part.type === 'input_audio') required |= AUDIO;
      else if (part.type === 'file') required |= FILES;
    }
  }
  if (asksForReasoning(body)) wished |= REASONING;
  if (body.logprobs === true) wished |= LOGPROBS;
  if ((body.n ?? 1) > 1) wished |= CHOICES;
  const members = optionalMembersOf(body);
  return { required, wished, members };
}

function optionalMembersOf(body: ChatRequest): readonly string[] {
  let members: string[] | undefined;
  for (const member in body) {
    if (!OPTIONAL.has(member) || body[member as keyof ChatRequest] == null) continue;
    members ??= [];
    members.push(member);
  }
  if (body.tools?.some((tool) => tool.type !== 'function')) members = [...(members ?? []), CUSTOM_TOOLS];
  return members ?? NONE;
}

const OPTIONAL: ReadonlySet<string> = new Set(OPTIONAL_MEMBERS);
const NONE: readonly string[] = [];

export function asksForReasoning(body: ChatRequest): boolean {
  const effort = body.reasoning_effort ?? body.reasoning?.effort;
  if (effort !== undefined) return effort !== 'none';
  return body.reasoning?.enabled === true || (body.reasoning?.max_tokens ?? 0) > 0;
}

/** The model's abilities with the endpoint's own facts over them. */
export function abilitiesOf(model: Model, endpoint: Endpoint): Capabilities {
  return endpoint.capabilities === undefined ? model.capabilities : { ...model.capabilities, ...endpoint.capabilities };
}

export function maskOf(abilities: Capabilities): number {
  let mask = 0;
  for (const [index, capability] of BITS.entries()) if (abilities[capability]) mask |= 1 << index;
  // A vendor that can force a schema can force an object.
  return abilities.jsonSchema ? mask | JSON_OBJECT : mask;
}

/** `tools,imageInput` */
export function capabilityNames(mask: number): string {
  return BITS.filter((_, index) => (mask & (1 << index)) !== 0).join(',');
}

/** Which of the request's optional members this endpoint cannot do. */
export function droppedMembers(needs: Needs, endpoint: Endpoint, abilities: Capabilities): readonly string[] {
  if (needs.members.length === 0) return NONE;
  const unspeakable = UNSPEAKABLE[endpoint.vendor.protocol];
  const refused = endpoint.quirks?.drop ?? endpoint.vendor.quirks.drop ?? NONE;
  const plainToolsOnly = (endpoint.quirks?.openAiTools ?? endpoint.vendor.quirks.openAiTools) !== true;
  const dropped = needs.members.filter(
    (member) =>
      unspeakable.has(member) || refused.includes(member) || lacks(abilities, member) || (member === CUSTOM_TOOLS && plainToolsOnly),
  );
  return dropped.length === 0 ? NONE : dropped;
}

function lacks(abilities: Capabilities, member: string): boolean {
  switch (member) {
    case 'temperature':
    case 'top_p':
    case 'top_k':
      return !abilities.temperature;
    case 'logprobs':
    case 'top_logprobs':
      return !abilities.logprobs;
    case 'n':
      return !abilities.multipleChoices;
    case 'reasoning_effort':
    case 'reasoning':
      return !abilities.reasoning;
    case 'parallel_tool_calls':
      return !abilities.parallelTools;
    default:
      return false;
  }
}
