/** Both protocols against the sandbox vendor over HTTP: what one says the other side understands, and every fault is a failure. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anthropic } from '../../../data-plane/upstream/protocols/anthropic/index.js';
import { gemini } from '../../../data-plane/upstream/protocols/gemini/index.js';
import { type ProtocolAdapter, UpstreamFailure } from '../../../data-plane/upstream/protocols/protocol-adapter.js';
import { type Sandbox, startSandbox } from '../../../local/sandbox/sandbox.js';
import type { ChatRequest, FunctionTool } from '../../../shared/chat.js';
import { type Replay, replayStream, replaySync, target } from '../../conformance/gemini-and-anthropic-replay.js';
import { violations } from '../../conformance/openai-schema.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
});
afterAll(() => sandbox.close());

const weather: FunctionTool = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
};

describe.each([
  ['anthropic', anthropic, 'claude-sonnet-4-5'],
  ['gemini', gemini, 'gemini-2.5-flash'],
] as const)('%s', (vendor, adapter: ProtocolAdapter, model) => {
  async function call(body: Partial<ChatRequest>, stream: boolean, script = ''): Promise<Replay> {
    const of = target({ body, stream, upstreamModel: `${model}${script}`, baseUrl: `${sandbox.url}/vendors/${vendor}` });
    const { url, headers, body: sent } = adapter.encodeRequest(of);
    const response = await fetch(url, { method: 'POST', headers, body: String(sent) });
    const bytes = Buffer.from(await response.arrayBuffer());
    if (!response.ok)
      throw adapter.decodeError({ status: response.status, headers: Object.fromEntries(response.headers), body: bytes }, of);
    return stream ? replayStream(adapter, [bytes], of) : replaySync(adapter, bytes, of);
  }

  test.each([true, false])('text, stream %s', async (stream) => {
    const { answers, chunks, usage } = await call({ messages: [{ role: 'user', content: 'Hello 你好 🎉' }] }, stream);
    expect(answers[0]).toMatchObject({ content: expect.stringContaining('你好 🎉'), finishReason: 'stop' });
    expect(usage?.buckets.output).toBeGreaterThan(0);
    const schema = stream ? 'CreateChatCompletionStreamResponse' : 'CreateChatCompletionResponse';
    for (const chunk of chunks) expect(violations(schema, chunk)).toEqual([]);
  });

  test.each([true, false])('parallel tool calls and their results, stream %s', async (stream) => {
    const { answers } = await call({ tools: [weather] }, stream, '~calls=2');
    const calls = answers[0]?.toolCalls ?? [];
    expect(calls.map(({ function: called }) => called.name)).toEqual(['weather', 'weather']);
    expect(answers[0]?.finishReason).toBe('tool_calls');
    const messages: ChatRequest['messages'] = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: null, tool_calls: calls.map((made) => ({ ...made, type: 'function' as const, extra_content: {} })) },
      ...calls.map(({ id }) => ({ role: 'tool' as const, tool_call_id: id, content: 'sunny' })),
    ];
    expect((await call({ tools: [weather], messages }, stream)).answers[0]?.finishReason).toBe('stop');
  });

  test.each([true, false])('structured output, stream %s', async (stream) => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
    const { answers } = await call({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }, stream);
    expect(JSON.parse(answers[0]?.content ?? '')).toHaveProperty('city');
  });

  test.each([true, false])('reasoning, stream %s', async (stream) => {
    const { answers } = await call({ reasoning_effort: 'low' }, stream);
    expect(answers[0]?.reasoning).not.toBe('');
  });

  test.each([
    ['400', { kind: 'invalid_request', failover: false }],
    ['401', { kind: 'auth', failover: true }],
    ['413', { kind: 'request_too_large', failover: true }],
    ['429', { kind: 'rate_limited', failover: true }],
    ['500', { kind: 'server_error', failover: true }],
    ['503', { kind: 'overloaded', failover: true }],
    // Gemini's quota of the day: time lifts it, so it is no empty wallet, but not soon.
    ['quota', { retryable: false, failover: true }],
    ['context', { kind: 'context_length', failover: true }],
    ['html', { failover: true }],
    ['malformed', { failover: true }],
    ['empty', { failover: true }],
    ['error-200', { failover: true }],
  ])('the fault %s is the failure %j', async (fault, expected) => {
    for (const stream of [true, false]) {
      const failure = await call({}, stream, `~${fault}`).then(
        () => expect.fail('was answered'),
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(UpstreamFailure);
      expect(failure).toMatchObject(expected);
    }
  });

  test.each(['error-mid', 'malformed-mid', 'end-mid'])('a stream with the fault %s never ends cleanly', async (fault) => {
    await expect(call({}, true, `~words=40,${fault}=3`)).rejects.toBeInstanceOf(UpstreamFailure);
  });

  test.each(['no-usage', 'usage-negative', 'usage-mismatch', 'usage-twice'])(
    'usage with the fault %s never is a negative count',
    async (fault) => {
      for (const stream of [true, false]) {
        const { usage } = await call({}, stream, `~${fault}`);
        for (const count of Object.values(usage?.buckets ?? {})) expect(count).toBeGreaterThanOrEqual(0);
      }
    },
  );
});
