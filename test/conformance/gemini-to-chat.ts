/** A recorded generateContent request as the OpenAI request that means the same: for golden tests only. */

import { CONTINUED } from '../../data-plane/upstream/protocols/conversation.js';
import type { ChatMessage, ChatRequest, ContentPart } from '../../shared/chat.js';
import { NotDerivable } from './anthropic-to-chat.js';

type Json = Record<string, unknown>;

export function chatFromContents(body: Json): ChatRequest {
  const messages: ChatMessage[] = [];
  const system = body['systemInstruction'] as { parts: Json[] } | undefined;
  if (system !== undefined) messages.push({ role: 'system', content: system.parts.map(part) });
  const waiting: { id: string; name: string }[] = [];
  for (const content of body['contents'] as { role?: string; parts?: Json[] }[])
    messages.push(...fromContent(content, waiting, messages.length));
  const request: Record<string, unknown> = { model: 'public-model', messages };
  const copy = (name: string, value: unknown): void => {
    if (value !== undefined) request[name] = value;
  };
  readGeneration((body['generationConfig'] ?? {}) as Json, copy);
  copy('safety_settings', body['safetySettings']);
  copy('tools', (body['tools'] as Json[] | undefined)?.flatMap(fromTools));
  const calling = (body['toolConfig'] as Json | undefined)?.['functionCallingConfig'] as Json | undefined;
  if (calling !== undefined) copy('tool_choice', fromMode(calling));
  for (const name of ['cachedContent', 'modelArmorConfig']) if (body[name] !== undefined) throw new NotDerivable(name);
  return request as unknown as ChatRequest;
}

function fromMode(calling: Json): unknown {
  const names = calling['allowedFunctionNames'] as string[] | undefined;
  const mode = String(calling['mode']).toUpperCase();
  if (mode === 'VALIDATED') throw new NotDerivable('mode VALIDATED');
  if (mode !== 'ANY') return { AUTO: 'auto', NONE: 'none' }[mode];
  if (names === undefined) return 'required';
  if (names.length === 1) return { type: 'function', function: { name: names[0] } };
  const tools = names.map((name) => ({ type: 'function', function: { name } }));
  return { type: 'allowed_tools', allowed_tools: { mode: 'required', tools } };
}

function readGeneration(config: Json, copy: (name: string, value: unknown) => void): void {
  copy('max_tokens', config['maxOutputTokens']);
  copy('temperature', config['temperature']);
  copy('top_p', config['topP']);
  copy('stop', config['stopSequences']);
  copy('logprobs', config['responseLogprobs']);
  copy('top_logprobs', config['logprobs']);
  const modalities = config['responseModalities'] as string[] | undefined;
  if (modalities?.some((modality) => modality !== 'TEXT'))
    copy(
      'modalities',
      modalities.map((modality) => modality.toLowerCase()),
    );
  if (config['responseMimeType'] === 'application/json') {
    const schema = config['responseJsonSchema'];
    copy(
      'response_format',
      schema === undefined ? { type: 'json_object' } : { type: 'json_schema', json_schema: { name: 'answer', schema } },
    );
  }
  const thinking = config['thinkingConfig'] as Json | undefined;
  if (thinking === undefined) return;
  const exclude = thinking['includeThoughts'] !== true;
  if (thinking['thinkingBudget'] !== undefined) copy('reasoning', { max_tokens: thinking['thinkingBudget'], exclude });
  else if (thinking['thinkingLevel'] !== undefined) copy('reasoning', { effort: thinking['thinkingLevel'], exclude });
  else throw new NotDerivable('thinkingConfig without a budget or level');
}

function fromTools(tools: Json): unknown[] {
  const declarations = tools['functionDeclarations'] as Json[] | undefined;
  if (declarations === undefined) throw new NotDerivable('server tools');
  return declarations.map(({ name, description, ...schema }) => {
    const given = schema['parameters'] ?? schema['parametersJsonSchema'] ?? schema['parameters_json_schema'];
    return {
      type: 'function',
      function: {
        name,
        ...(description === undefined ? {} : { description }),
        ...(given === undefined ? {} : { parameters: lowerTypes(given) }),
      },
    };
  });
}

function fromContent(content: { role?: string; parts?: Json[] }, waiting: { id: string; name: string }[], turn: number): ChatMessage[] {
  const parts = content.parts ?? [];
  if (content.role !== 'model') {
    return parts.map((item): ChatMessage => {
      const response = item['functionResponse'] as Json | undefined;
      if (response === undefined) return { role: 'user', content: [part(item)] };
      const at = waiting.findIndex((call) => (response['id'] === undefined ? call.name === response['name'] : call.id === response['id']));
      const call = waiting.splice(Math.max(at, 0), 1)[0];
      return { role: 'tool', tool_call_id: call?.id ?? '', content: resultText(response) };
    });
  }
  const message: Record<string, unknown> = {
    role: 'assistant',
    content: parts.filter((item) => item['text'] !== undefined && item['thought'] !== true).map(part),
  };
  const details: unknown[] = [];
  const calls: unknown[] = [];
  for (const [index, item] of parts.entries()) {
    const call = item['functionCall'] as Json | undefined;
    const signature = item['thoughtSignature'];
    if (call === undefined && item['text'] === undefined) throw new NotDerivable('server tool parts');
    if (item['thought'] === true) throw new NotDerivable('thoughts sent back');
    if (call === undefined) {
      if (signature !== undefined) details.push({ type: 'reasoning.encrypted', data: signature, format: 'google-gemini-v1' });
      continue;
    }
    const id = (call['id'] as string | undefined) ?? `call_${turn}_${index}`;
    waiting.push({ id, name: call['name'] as string });
    calls.push({
      id,
      type: 'function',
      function: { name: call['name'], arguments: JSON.stringify(call['args'] ?? {}) },
      ...(signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } }),
    });
  }
  if (calls.length > 0) message['tool_calls'] = calls;
  if (details.length > 0) message['reasoning_details'] = details;
  return [message as unknown as ChatMessage];
}

function part(item: Json): ContentPart {
  if (typeof item['text'] === 'string') return { type: 'text', text: item['text'] };
  const media = (item['inlineData'] ?? item['inline_data']) as Json | undefined;
  if (media === undefined) throw new NotDerivable(`part ${Object.keys(item)}`);
  const mimeType = media['mimeType'] ?? media['mime_type'];
  const url = `data:${mimeType};base64,${media['data']}`;
  return String(mimeType).startsWith('image/') ? { type: 'image_url', image_url: { url } } : { type: 'file', file: { file_data: url } };
}

function lowerTypes(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(lowerTypes);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [
      name,
      name === 'type' && typeof value === 'string' ? value.toLowerCase() : lowerTypes(value),
    ]),
  );
}

/** Nothing, and what stands for a user's turn that is not there: some SDKs send the one, the adapter the other. */
const INVENTED: ReadonlySet<unknown> = new Set(['', CONTINUED]);

/** Two requests that differ only in ways that mean nothing become equal. */
export function canonicalContents(body: Json): unknown {
  const turns: { role: unknown; parts: unknown[] }[] = [];
  for (const { role = 'user', parts = [] } of body['contents'] as { role?: string; parts?: Json[] }[]) {
    const kept = parts.filter((item) => !INVENTED.has(item['text']) || item['thoughtSignature'] !== undefined).map(canonicalPart);
    const last = turns.at(-1);
    if (last?.role === role) last.parts.push(...kept);
    else if (kept.length > 0) turns.push({ role, parts: kept });
  }
  const { responseModalities, maxOutputTokens, thinkingConfig, ...generation } = (body['generationConfig'] ?? {}) as Json;
  const modalities = (responseModalities as string[] | undefined)?.filter((modality) => modality !== 'TEXT') ?? [];
  const calling = (body['toolConfig'] as Json | undefined)?.['functionCallingConfig'] as Json | undefined;
  return {
    turns,
    system: (body['systemInstruction'] as { parts: Json[] } | undefined)?.parts,
    generation,
    modalities,
    maxOutputTokens,
    thinkingConfig,
    safetySettings: body['safetySettings'],
    calling: calling === undefined ? undefined : { ...calling, mode: String(calling['mode']).toUpperCase() },
    functions: (body['tools'] as Json[] | undefined)?.flatMap((tools) => fromTools(tools)),
  };
}

function canonicalPart(item: Json): unknown {
  const response = item['functionResponse'] as Json | undefined;
  const media = (item['inline_data'] ?? item['inlineData']) as Json | undefined;
  if (media !== undefined) return { inlineData: { mimeType: media['mimeType'] ?? media['mime_type'], data: media['data'] } };
  if (response === undefined) return item;
  return { functionResponse: { ...response, response: resultText(response) } };
}

/** The adapter always wraps a result as `{result: text}`; SDKs send other objects. */
function resultText(response: Json): string {
  const given = response['response'] as Json;
  return typeof given['result'] === 'string' && Object.keys(given).length === 1 ? given['result'] : JSON.stringify(given);
}
