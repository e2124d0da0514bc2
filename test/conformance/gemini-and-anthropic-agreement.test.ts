/** A stream and the sync answer that says the same decode to the same; OpenAI's own client accepts every stream. */
import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream';
import { describe, expect, test } from 'vitest';
import { anthropic } from '../../data-plane/upstream/protocols/anthropic/index.js';
import { gemini } from '../../data-plane/upstream/protocols/gemini/index.js';
import type { ProtocolAdapter } from '../../data-plane/upstream/protocols/protocol-adapter.js';
import { named, type Recording, recordings } from './gemini-and-anthropic-recordings.js';
import { type Answer, replayStream, replaySync, target } from './gemini-and-anthropic-replay.js';

type Json = Record<string, unknown>;

const all = [...recordings('anthropic'), ...recordings('gemini'), ...recordings('vertex')];
const streams = all.filter(
  (recording) => recording.stream && recording.status === 200 && !recording.name.includes('spliced-message-start'),
);

function adapterOf(recording: Recording): ProtocolAdapter {
  return recording.bytes.includes('"message_start"') ? anthropic : gemini;
}

describe.skipIf(streams.length === 0)('streams', () => {
  test.each(named(streams))('%s says the same whole', (_name, recording) => {
    const adapter = adapterOf(recording);
    const streamed = replayStream(adapter, [recording.bytes], target({ stream: true }));
    const bodies = readEvents(recording.bytes);
    const whole = Buffer.from(JSON.stringify(adapter === anthropic ? wholeMessage(bodies) : wholeAnswer(bodies)));
    const sync = replaySync(adapter, whole, target({}));
    expect(streamed.answers.map(comparable)).toEqual(sync.answers.map(comparable));
    expect(streamed.usage).toEqual(sync.usage);
  });

  test.each(named(streams))("%s is accepted by OpenAI's client", async (_name, recording) => {
    const { chunks, answers } = replayStream(adapterOf(recording), [recording.bytes], target({ stream: true }));
    const lines = new Blob(chunks.map((chunk) => `${JSON.stringify(chunk)}\n`)).stream();
    const completion = await ChatCompletionStream.fromReadableStream(lines).finalChatCompletion();
    const message = completion.choices[0]?.message;
    expect(message?.content ?? '').toBe(answers[0]?.content);
    expect(message?.tool_calls?.length ?? 0).toBe(answers[0]?.toolCalls.length);
    expect(completion.usage?.total_tokens).toBeGreaterThan(0);
  });
});

/** Ids that were made up, and the pieces that a signature came in, may differ; arguments are compared as values. */
function comparable(answer: Answer): unknown {
  return {
    ...answer,
    toolCalls: answer.toolCalls.map(({ function: called }) => ({ name: called.name, arguments: JSON.parse(called.arguments) })),
  };
}

function readEvents(bytes: Buffer): Json[] {
  const lines = bytes.toString().split(/\r?\n/);
  return lines.filter((line) => line.startsWith('data:')).map((line) => JSON.parse(line.slice('data:'.length)) as Json);
}

/** What Anthropic would have answered without `stream`. */
function wholeMessage(events: readonly Json[]): Json {
  const message: Json = {};
  const content: Json[] = [];
  let usage: Json = {};
  for (const event of events) {
    const block = content[event['index'] as number];
    const delta = (event['delta'] ?? {}) as Record<string, string>;
    if (event['type'] === 'message_start') {
      Object.assign(message, event['message']);
      usage = { ...usage, ...(message['usage'] as Json) };
    } else if (event['type'] === 'content_block_start')
      content[event['index'] as number] = { ...(event['content_block'] as Json), json: '' };
    else if (event['type'] === 'content_block_delta' && block !== undefined) {
      if (delta['text'] !== undefined) block['text'] = `${block['text'] ?? ''}${delta['text']}`;
      if (delta['thinking'] !== undefined) block['thinking'] = `${block['thinking'] ?? ''}${delta['thinking']}`;
      if (delta['signature'] !== undefined) block['signature'] = `${block['signature'] ?? ''}${delta['signature']}`;
      if (delta['partial_json'] !== undefined) block['json'] = `${block['json']}${delta['partial_json']}`;
    } else if (event['type'] === 'message_delta') {
      Object.assign(message, delta);
      usage = { ...usage, ...(event['usage'] as Json) };
    }
  }
  const blocks = content.map(({ json, ...block }) => (json === '' ? block : { ...block, input: JSON.parse(String(json)) }));
  return { ...message, content: blocks, usage };
}

/** What Gemini would have answered without `stream`: parts joined, the last usage and finishReason. */
function wholeAnswer(chunks: readonly Json[]): Json {
  const whole: Json = {};
  const parts: Json[] = [];
  let finishReason: unknown;
  let open: { name: unknown; signature: unknown; args: Record<string, string> } | undefined;
  for (const chunk of chunks) {
    Object.assign(
      whole,
      chunk,
      (chunk['usageMetadata'] as Json | undefined)?.['promptTokenCount'] === undefined ? { usageMetadata: whole['usageMetadata'] } : {},
    );
    const candidate = ((chunk['candidates'] ?? []) as Json[])[0];
    finishReason = candidate?.['finishReason'] ?? finishReason;
    for (const part of ((candidate?.['content'] as Json | undefined)?.['parts'] ?? []) as Json[]) {
      const call = part['functionCall'] as Json | undefined;
      if (call?.['willContinue'] === true || open !== undefined) {
        open ??= { name: call?.['name'], signature: part['thoughtSignature'], args: {} };
        for (const { jsonPath, stringValue } of (call?.['partialArgs'] ?? []) as Record<string, string>[]) {
          const name = jsonPath?.slice('$.'.length) ?? '';
          open.args[name] = `${open.args[name] ?? ''}${stringValue ?? ''}`;
        }
        if (call?.['willContinue'] === true) continue;
        parts.push({ functionCall: { name: open.name, args: open.args }, thoughtSignature: open.signature });
        open = undefined;
      } else parts.push(part);
    }
  }
  return { ...whole, candidates: [{ content: { parts }, finishReason, index: 0 }] };
}
