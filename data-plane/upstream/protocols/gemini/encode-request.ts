/** OpenAI's chat request as Gemini's. Pure; throws UpstreamFailure `invalid_request` for content without words here. */
import type { AttemptTarget, EncodedRequest } from '../protocol-adapter.js';
import { RequestParameters } from '../request-parameters.js';
import { credentialHeaders, endpointUrl } from '../request-target.js';
import { selectTools } from '../tool-selection.js';
import { encodeContents } from './encode-contents.js';
import { encodeGeneration } from './encode-generation.js';
import { encodeTools } from './encode-tools.js';
import { FunctionNames } from './function-names.js';
import { geminiTraits } from './gemini-traits.js';
import type { GenerateContentRequest } from './wire.js';

export function encodeRequest(target: AttemptTarget): EncodedRequest {
  const { quirks } = target;
  const traits = geminiTraits(target);
  const names = new FunctionNames(target);
  const parameters = new RequestParameters(target.body, quirks);
  const { system, contents } = encodeContents(target.body.messages, traits, names);
  const { tools, toolConfig } = encodeTools(selectTools(parameters), parameters, traits, names);
  const generationConfig = encodeGeneration(parameters, target, traits, tools !== undefined);
  const safetySettings = parameters.takeForeign('safety_settings');
  const request: GenerateContentRequest = {
    contents,
    ...(system.length === 0 ? {} : { systemInstruction: { parts: system } }),
    ...(tools === undefined ? {} : { tools }),
    ...(toolConfig === undefined ? {} : { toolConfig }),
    generationConfig,
    ...(safetySettings === undefined ? {} : { safetySettings }),
  };
  return {
    url: endpointUrl(target, '/v1beta', '/models/{model}:{method}', target.stream ? { alt: 'sse' } : {}),
    headers: {
      'content-type': 'application/json',
      accept: target.stream ? 'text/event-stream' : 'application/json',
      ...credentialHeaders(target, 'x-goog-api-key'),
      ...quirks.headers,
    },
    body: JSON.stringify({ ...quirks.defaults, ...request }),
    dropped: parameters.dropped(),
  };
}
