/**
 * Golden requests: what real SDKs sent to each vendor, put through the gateway as a customer's call, reaches the vendor unchanged but for
 * what this vendor's row says. Every member that may differ is named here, with the reason.
 */
import { describe, expect, test } from 'vitest';
import { openai } from '../../data-plane/upstream/protocols/openai/adapter.js';
import { recordings } from './gemini-and-anthropic-recordings.js';
import { target } from './gemini-and-anthropic-replay.js';
import { RECORDED_VENDORS } from './openai-vendors.js';

/** Always: usage is asked for, and `n: 1` is the default. Else by vendor. */
const MAY_DIFFER: Readonly<Record<string, readonly string[]>> = {
  // Newer models refuse max_tokens, older ones take both; a dearer tier is not what the customer pays for.
  openai: ['max_tokens', 'max_completion_tokens', 'service_tier'],
  groq: ['max_tokens', 'max_completion_tokens', 'service_tier'],
  // A forced tool excludes thinking; an effort is asked for by the switch.
  deepseek: ['thinking', 'reasoning_effort'],
  zai: ['thinking', 'reasoning_effort'],
  // Its routing is ours to do; usage comes unasked.
  openrouter: ['provider', 'usage'],
  cerebras: ['clear_thinking'],
  // No row of ours: read as any OpenAI-compatible server, `reasoning` in OpenAI's words.
  'vercel-gateway': ['reasoning', 'reasoning_effort'],
};
/** Reasoning is sent back only where the vendor takes it, under its own name for it. */
const MESSAGE_MAY_DIFFER = ['reasoning', 'reasoning_content', 'reasoning_details'];
const ANY_EFFORT = ['none', 'minimal', 'low', 'medium', 'high'];

type Json = Record<string, unknown>;

const GOLDEN = RECORDED_VENDORS.map(({ folder, quirks }) => ({
  folder,
  quirks,
  sent: recordings(folder).flatMap(({ name, request, status }) => {
    const isChat = request?.url.includes('chat/completions') === true && status === 200 && Array.isArray(request.body?.['messages']);
    return isChat ? [{ name, recorded: request.body }] : [];
  }),
})).filter(({ sent }) => sent.length > 0);

describe.each(GOLDEN)('$folder', ({ folder, quirks, sent }) => {
  test.each(sent)('$name', ({ recorded }) => {
    const encoded = openai.encodeRequest(
      target({
        body: recorded,
        stream: recorded['stream'] === true,
        quirks: { ...quirks, efforts: ANY_EFFORT },
        upstreamModel: String(recorded['model']),
        outputLimit: 1_000_000,
      }),
    );
    const upstream = JSON.parse(encoded.body.toString()) as Json;
    const ignored = ['messages', 'stream_options', 'n', ...(MAY_DIFFER[folder] ?? [])];
    expect(without(upstream, ignored)).toEqual(without(recorded, ignored));
    expect(messagesOf(upstream)).toEqual(messagesOf(recorded));
  });
});

function without(record: Json, members: readonly string[]): Json {
  return Object.fromEntries(Object.entries(record).filter(([member]) => !members.includes(member)));
}

function messagesOf(body: Json): Json[] {
  return (body['messages'] as Json[]).map((message) => without(message, MESSAGE_MAY_DIFFER));
}
