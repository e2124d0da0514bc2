/** OpenAI's chat request as Anthropic's Messages request. Pure; throws UpstreamFailure `invalid_request` for content without words here. */
import type { AttemptTarget, EncodedRequest } from '../protocol-adapter.js';
import { RequestParameters } from '../request-parameters.js';
import { credentialHeaders, endpointUrl } from '../request-target.js';
import { selectTools } from '../tool-selection.js';
import { claudeTraits } from './claude-traits.js';
import { encodeMessages } from './encode-messages.js';
import { encodeReasoning, encodeSampling } from './encode-reasoning.js';
import { closedSchema } from './encode-schema.js';
import { encodeTools } from './encode-tools.js';
import type { MessagesRequest } from './wire.js';

const API_VERSION = '2023-06-01';
const JSON_ONLY = 'Answer with one valid JSON object and nothing else: no prose, no code fence.';

export function encodeRequest(target: AttemptTarget): EncodedRequest {
  const { quirks } = target;
  const traits = claudeTraits(target);
  const parameters = new RequestParameters(target.body, quirks);
  const { system, turns } = encodeMessages(target.body.messages, traits);
  const legacyLimit = parameters.take('max_tokens');
  const limit = parameters.take('max_completion_tokens') ?? legacyLimit ?? target.outputLimit;
  // Vertex and Bedrock name the model in the URL and the version in the body.
  const bodyVersion = quirks.more?.['bodyVersion'];
  const request: MessagesRequest = {
    ...(typeof bodyVersion === 'string' ? { anthropic_version: bodyVersion } : { model: target.upstreamModel }),
    max_tokens: Math.max(1, Math.min(limit, target.outputLimit)),
    messages: turns,
    stream: target.stream,
  };

  const format = parameters.take('response_format');
  const schema = format?.type === 'json_schema' && format.json_schema.schema != null ? format.json_schema : undefined;
  if (schema === undefined && format !== undefined && format.type !== 'text') system.push({ type: 'text', text: JSON_ONLY });
  if (schema !== undefined && traits.jsonSchema) {
    request.output_config = { format: { type: 'json_schema', schema: closedSchema(schema.schema ?? {}) } };
  }
  const { tools, choice, forced } = encodeTools(selectTools(parameters), traits.jsonSchema ? undefined : schema, traits);
  if (tools.length > 0) request.tools = tools;
  if (choice !== undefined) request.tool_choice = choice;
  if (system.length > 0) request.system = system;

  encodeReasoning(request, parameters, target, traits, forced);
  encodeSampling(request, parameters, traits);
  encodeRest(request, parameters);
  return {
    url: endpointUrl(target, '/v1', '/messages', {}),
    headers: {
      'content-type': 'application/json',
      accept: target.stream ? 'text/event-stream' : 'application/json',
      'anthropic-version': API_VERSION,
      ...credentialHeaders(target, 'x-api-key'),
      ...quirks.headers,
    },
    body: JSON.stringify({ ...quirks.defaults, ...request }),
    dropped: parameters.dropped(),
  };
}

function encodeRest(request: MessagesRequest, parameters: RequestParameters): void {
  const stop = parameters.take('stop');
  // Whitespace-only stop sequences are refused with a 400.
  const sequences = (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((sequence) => sequence.trim() !== '');
  if (sequences.length > 0) request.stop_sequences = sequences;
  // OpenAI's newer name for the same thing wins.
  const legacyUser = parameters.take('user');
  const user = parameters.takeForeign('safety_identifier') ?? legacyUser;
  if (typeof user === 'string' && user !== '') request.metadata = { user_id: user };
  const tier = parameters.take('service_tier');
  if (tier === 'auto') request.service_tier = 'auto';
  else if (tier === 'default' || tier === 'standard_only') request.service_tier = 'standard_only';
  else if (tier !== undefined) parameters.drop('service_tier');
  const cacheControl = parameters.takeForeign('cache_control');
  if (cacheControl !== undefined) request.cache_control = cacheControl;
}
