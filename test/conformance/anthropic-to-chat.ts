/** A recorded Messages request as the OpenAI request that means the same: the other way round than the adapter, for golden tests only. */
import { CONTINUED } from '../../data-plane/upstream/protocols/conversation.js';
import type { ChatMessage, ChatRequest, ContentPart } from '../../shared/chat.js';

type Json = Record<string, unknown>;
type Block = Json & { readonly type: string };

export class NotDerivable extends Error {}

export function chatFromMessages(body: Json): ChatRequest {
  const messages: ChatMessage[] = [];
  for (const block of blocks(body['system'])) messages.push({ role: 'system', content: [part(block)] });
  for (const message of body['messages'] as Json[]) messages.push(...fromTurn(message));
  const request: Record<string, unknown> = { model: 'public-model', messages, max_tokens: body['max_tokens'] };
  const copy = (name: string, value: unknown): void => {
    if (value !== undefined) request[name] = value;
  };
  copy('temperature', body['temperature']);
  copy('top_p', body['top_p']);
  copy('top_k', body['top_k']);
  copy('stop', body['stop_sequences']);
  copy('user', (body['metadata'] as Json | undefined)?.['user_id']);
  copy('service_tier', body['service_tier']);
  copy('tools', (body['tools'] as Json[] | undefined)?.map(fromTool));
  const choice = body['tool_choice'] as Json | undefined;
  if (choice !== undefined) {
    request['tool_choice'] = {
      auto: 'auto',
      any: 'required',
      none: 'none',
      tool: { type: 'function', function: { name: choice['name'] } },
    }[choice['type'] as string];
    if (choice['disable_parallel_tool_use'] === true) request['parallel_tool_calls'] = false;
  }
  const config = body['output_config'] as { effort?: string; format?: Json } | undefined;
  const thinking = body['thinking'] as { type: string; budget_tokens?: number } | undefined;
  if (config?.effort !== undefined && thinking?.type !== 'adaptive') throw new NotDerivable('effort without thinking');
  copy('reasoning_effort', config?.effort);
  if (thinking?.type === 'enabled') request['reasoning'] = { max_tokens: thinking.budget_tokens };
  if (config?.format !== undefined) {
    request['response_format'] = { type: 'json_schema', json_schema: { name: 'answer', schema: config.format['schema'] } };
  }
  return request as unknown as ChatRequest;
}

function fromTool(tool: Json): unknown {
  if (tool['type'] !== undefined && tool['type'] !== 'custom') throw new NotDerivable(`server tool ${tool['type']}`);
  const { name, description, input_schema: parameters, strict, cache_control } = tool;
  return {
    type: 'function',
    function: { name, ...(description === undefined ? {} : { description }), parameters, ...(strict === undefined ? {} : { strict }) },
    ...(cache_control === undefined ? {} : { cache_control }),
  };
}

function fromTurn(message: Json): ChatMessage[] {
  const all = blocks(message['content']);
  if (message['role'] === 'system') return all.map((block) => ({ role: 'system', content: [part(block)] }));
  if (message['role'] === 'assistant') return [fromAssistant(all)];
  const results = all.filter((block) => block.type === 'tool_result');
  const rest = all.filter((block) => block.type !== 'tool_result');
  return [
    ...results.map((block): ChatMessage => {
      const content = blocks(block['content']).map(part);
      const last = content.at(-1);
      if (last !== undefined && block['cache_control'] !== undefined)
        content[content.length - 1] = { ...last, cache_control: block['cache_control'] } as ContentPart;
      return { role: 'tool', tool_call_id: block['tool_use_id'] as string, content };
    }),
    ...(rest.length === 0 ? [] : [{ role: 'user' as const, content: rest.map(part) }]),
  ];
}

function fromAssistant(all: readonly Block[]): ChatMessage {
  const message: Record<string, unknown> = { role: 'assistant', content: null };
  const texts = all.filter((block) => block.type === 'text');
  if (texts.length > 0) message['content'] = texts.map(part);
  const calls = all.filter((block) => block.type === 'tool_use');
  if (calls.length > 0) {
    message['tool_calls'] = calls.map((block) => ({
      id: block['id'],
      type: 'function',
      function: { name: block['name'], arguments: JSON.stringify(block['input']) },
    }));
  }
  const reasoning = all.flatMap((block): object[] => {
    if (block.type === 'thinking') {
      return [{ type: 'reasoning.text', text: block['thinking'], signature: block['signature'], format: 'anthropic-claude-v1' }];
    }
    return block.type === 'redacted_thinking' ? [{ type: 'reasoning.encrypted', data: block['data'], format: 'anthropic-claude-v1' }] : [];
  });
  if (reasoning.length > 0) message['reasoning_details'] = reasoning;
  if (calls.at(-1)?.['cache_control'] !== undefined) message['cache_control'] = calls.at(-1)?.['cache_control'];
  if (texts.length + calls.length + reasoning.length < all.length) throw new NotDerivable('server tool blocks');
  return message as unknown as ChatMessage;
}

function part(block: Block): ContentPart {
  const cache = block['cache_control'] === undefined ? {} : { cache_control: block['cache_control'] };
  const source = block['source'] as { type: string; url?: string; media_type?: string; data?: string } | undefined;
  if (block.type === 'text') return { type: 'text', text: block['text'] as string, ...cache } as ContentPart;
  if (block.type === 'image') {
    const url = source?.type === 'url' ? (source.url ?? '') : `data:${source?.media_type};base64,${source?.data}`;
    return { type: 'image_url', image_url: { url }, ...cache } as ContentPart;
  }
  if (block.type === 'document' && block['citations'] === undefined) {
    const data = source?.type === 'text' ? Buffer.from(source.data ?? '').toString('base64') : source?.data;
    return {
      type: 'file',
      file: { file_data: source?.url ?? `data:${source?.media_type};base64,${data}`, filename: block['title'] ?? '' },
      ...cache,
    } as ContentPart;
  }
  throw new NotDerivable(`block ${block.type}`);
}

export function blocks(content: unknown): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : ((content ?? []) as Block[]);
}

/** Two requests that differ only in ways that mean nothing become equal. */
export function canonicalMessages(body: Json): unknown {
  const turns: { role: unknown; content: unknown[] }[] = [];
  for (const message of body['messages'] as Json[]) {
    const content = blocks(message['content'])
      .filter((block) => !isInvented(block))
      .map(canonicalBlock);
    const last = turns.at(-1);
    if (content.length === 0) continue;
    if (last !== undefined && last.role === message['role'] && message['role'] !== 'system') last.content.push(...content);
    else turns.push({ role: message['role'], content });
  }
  const { tool_choice: choice, system, stream: _stream, messages: _messages, ...rest } = body;
  const { disable_parallel_tool_use: serial, ...chosen } = (choice ?? {}) as Json;
  return {
    ...rest,
    messages: turns,
    ...(system === undefined ? {} : { system: blocks(system).filter((block) => (block['text'] as string).trim() !== '') }),
    ...(choice === undefined ? {} : { tool_choice: { ...chosen, ...(serial === true ? { disable_parallel_tool_use: true } : {}) } }),
  };
}

/** The API refuses texts that say nothing. It took a history that begins with the assistant; conformance 7.2 puts a user's turn before it. */
function isInvented(block: Block): boolean {
  return block.type === 'text' && ((block['text'] as string).trim() === '' || block['text'] === CONTINUED);
}

function canonicalBlock(block: Block): unknown {
  const { is_error: _notSaid, caller: _server, citations, ...rest } = block;
  const kept = citations === undefined || citations === null ? rest : { ...rest, citations };
  return block.type === 'tool_result' ? { ...kept, content: blocks(block['content']).map(canonicalBlock) } : kept;
}
