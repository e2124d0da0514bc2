/** Clients write null for what they leave out: every member that the request's schema lets be null, as null. */
import { expect, test } from 'vitest';
import { anthropic } from '../../../data-plane/upstream/protocols/anthropic/index.js';
import { gemini } from '../../../data-plane/upstream/protocols/gemini/index.js';
import type { ChatRequest } from '../../../shared/chat.js';
import { target } from '../../conformance/gemini-and-anthropic-replay.js';

const members = [
  'stream stream_options max_tokens max_completion_tokens temperature top_p top_k n stop seed presence_penalty frequency_penalty',
  'logit_bias logprobs top_logprobs tool_choice parallel_tool_calls response_format reasoning_effort reasoning verbosity modalities',
  'user metadata service_tier store prompt_cache_key models provider max_cost session_id tier',
].flatMap((line) => line.split(' '));

const BODY = {
  ...Object.fromEntries(members.map((name) => [name, null])),
  messages: [
    { role: 'user', content: 'Hi', name: null, cache_control: null },
    {
      role: 'assistant',
      content: null,
      refusal: null,
      tool_calls: null,
      reasoning: null,
      reasoning_content: null,
      reasoning_details: null,
    },
    { role: 'assistant', content: 'Yes', refusal: null, tool_calls: null, reasoning_details: null, function_call: null, audio: null },
    { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: null }] },
  ],
  tools: [{ type: 'function', function: { name: 'now', description: null, parameters: null, strict: null } }],
} as unknown as Partial<ChatRequest>;

test.each([
  ['anthropic', anthropic, 'claude-opus-4-8'],
  ['gemini', gemini, 'gemini-3-pro-preview'],
] as const)('%s sends no null and names nothing as dropped', (_name, adapter, upstreamModel) => {
  const encoded = adapter.encodeRequest(target({ upstreamModel, body: BODY }));
  expect(String(encoded.body)).not.toContain('null');
  expect(encoded.dropped).toEqual([]);
});

test.each([
  ['anthropic', anthropic],
  ['gemini', gemini],
] as const)('%s: null members of reasoning say nothing', (_name, adapter) => {
  const reasoning = { effort: null, max_tokens: null, enabled: null, exclude: null };
  const { body } = adapter.encodeRequest(target({ upstreamModel: 'x-5', body: { reasoning } as unknown as Partial<ChatRequest> }));
  expect(String(body)).not.toMatch(/think|effort/i);
});
