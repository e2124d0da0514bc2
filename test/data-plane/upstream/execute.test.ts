import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Candidate, CompletionRequest } from '../../../data-plane/types.js';
import { createUpstream, type Upstream } from '../../../data-plane/upstream/upstream.js';
import { GatewayError } from '../../../shared/errors.js';
import {
  type Answer,
  candidate,
  chunk,
  collect,
  completion,
  DONE,
  hang,
  hangUp,
  json,
  plan,
  type RecordingMeter,
  recordingMeter,
  request,
  type ScriptedVendor,
  sse,
  startVendor,
} from './scripted-vendor.js';

let first: ScriptedVendor;
let second: ScriptedVendor;
let upstream: Upstream;
let meter: RecordingMeter;

beforeAll(async () => {
  first = await startVendor();
  second = await startVendor();
});
afterAll(async () => {
  await upstream.close();
  await Promise.all([first.close(), second.close()]);
});
beforeEach(() => {
  upstream = createUpstream({ random: () => 0.5, onFailure: () => undefined });
  meter = recordingMeter();
  second.script(json(200, completion('from the second')));
  first.requests.length = 0;
  second.requests.length = 0;
});

const RATE_LIMITED = { error: { message: 'Rate limit reached', type: 'tokens', code: 'rate_limit_exceeded' } };
const GOOD_STREAM = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hel' }),
  chunk({ content: 'lo' }),
  chunk({}, 'stop'),
  DONE,
];

function both(options?: Parameters<typeof candidate>[1]): Candidate[] {
  return [candidate(first.url, options), candidate(second.url)];
}

async function run(candidates: readonly Candidate[], of: CompletionRequest = request(), signal = new AbortController().signal) {
  const answer = await upstream.execute(plan(candidates), of, meter, signal);
  return { answer, text: await collect(answer.frames) };
}

async function failure(candidates: readonly Candidate[], of?: CompletionRequest): Promise<GatewayError> {
  const error: unknown = await run(candidates, of).catch((thrown: unknown) => thrown);
  if (!(error instanceof GatewayError)) throw new Error(`expected a GatewayError, got ${String(error)}`);
  return error;
}

describe('a sync answer', () => {
  test('comes as OpenAI’s object and is recorded', async () => {
    first.script(json(200, completion('Hello!')));
    const { answer, text } = await run(both());
    expect(JSON.parse(text)).toMatchObject({
      id: 'chatcmpl-0199-request',
      model: 'public-model',
      choices: [{ message: { content: 'Hello!' } }],
    });
    expect(answer.served).toMatchObject({ attempts: 1, stream: false });
    expect(meter.attempts).toMatchObject([{ outcome: 'ok', status: 200, credential: 'house' }]);
    expect(meter.committed?.endpoint.vendor.baseUrl).toBe(first.url);
  });

  test('is asked for with the vendor’s model and credential, and none of the client’s headers', async () => {
    first.script(json(200, completion('Hello!')));
    await run(both());
    expect(JSON.parse(first.requests[0]?.body ?? '')).toEqual({ model: 'vendor-model', messages: [{ role: 'user', content: 'Hello' }] });
    expect(first.requests[0]?.headers.authorization).toBe('Bearer vendor-secret');
    expect(Object.keys(first.requests[0]?.headers ?? {}).sort()).toEqual(
      ['accept', 'authorization', 'connection', 'content-length', 'content-type', 'host', 'user-agent'].sort(),
    );
  });
});

describe('before the first token failover is silent', () => {
  const troubles: readonly [string, Answer][] = [
    ['429', json(429, RATE_LIMITED)],
    ['500', json(500, { error: { message: 'boom' } })],
    ['529', json(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })],
    ['401', json(401, { error: { message: 'Incorrect API key', code: 'invalid_api_key' } })],
    ['402', json(402, { error: { message: 'Insufficient Balance' } })],
    ['HTML', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>oops</html>')],
    ['truncated JSON', (response) => response.writeHead(200).end('{"choices":[{"mess')],
    ['an error inside a 200', json(200, { error: { message: 'no', code: 500 } })],
    ['a hang-up', hangUp],
    ['a redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ];
  test.each(troubles)('%s', async (_name, trouble) => {
    first.script(trouble);
    const { text, answer } = await run(both());
    expect(text).toContain('from the second');
    expect(answer.served.attempts).toBeGreaterThan(1);
    expect(meter.attempts.at(-1)).toMatchObject({ outcome: 'ok' });
    expect(meter.attempts[0]?.outcome).not.toBe('ok');
  });

  test('an error as the first event of a stream, even after a role chunk', async () => {
    first.script(sse([chunk({ role: 'assistant', content: '' }), 'data: {"error":{"message":"overloaded","code":503}}\n\n']));
    second.script(sse(GOOD_STREAM));
    const { text } = await run(both(), request({ stream: true }));
    expect(text).toContain('"content":"Hel"');
    expect(text).not.toContain('overloaded');
  });

  test('an empty stream, and one that is cut before its first token', async () => {
    second.script(sse(GOOD_STREAM));
    for (const trouble of [sse([]), sse([DONE]), sse([chunk({ role: 'assistant' })], { destroy: true })]) {
      first.script(trouble);
      expect((await run(both(), request({ stream: true }))).text).toContain('"finish_reason":"stop"');
    }
  });

  test('a vendor that hangs costs no more than its first-token time', async () => {
    first.script(hang);
    const started = Date.now();
    await run(both({ timeouts: { firstTokenMs: 200 } }), request({ stream: true })).catch(() => undefined);
    expect(Date.now() - started).toBeLessThan(1_500);
  });

  test('a vendor that hangs leaves the next one time when the deadline is near', async () => {
    first.script(hang);
    const started = Date.now();
    const { text } = await run(both(), request({ deadlineMs: 1_000 }));
    expect(text).toContain('from the second');
    expect(Date.now() - started).toBeLessThan(900);
  });

  test('nobody listens at the address', async () => {
    const { text } = await run([candidate('http://127.0.0.1:9'), candidate(second.url)]);
    expect(text).toContain('from the second');
  });
});

describe('asking again', () => {
  test('waits for retry-after, within the deadline', async () => {
    first.script(json(429, RATE_LIMITED, { 'retry-after': '1' }), json(200, completion('at last')));
    const started = Date.now();
    const { text } = await run([candidate(first.url)]);
    expect(text).toContain('at last');
    expect(Date.now() - started).toBeGreaterThanOrEqual(990);
  });

  test('gives up at once when retry-after passes the deadline, and passes it on', async () => {
    first.script(json(429, RATE_LIMITED, { 'retry-after': '30' }));
    const started = Date.now();
    const error = await failure([candidate(first.url)]);
    expect(Date.now() - started).toBeLessThan(500);
    expect(error).toMatchObject({ code: 'rate_limit_exceeded', retryAfterMs: 30_000 });
  });

  test('is not done where it cannot help', async () => {
    first.script(json(429, { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } }));
    await failure([candidate(first.url)]);
    expect(first.requests).toHaveLength(1);
  });

  test('is bounded', async () => {
    first.script(json(500, {}));
    expect(await failure([candidate(first.url)])).toMatchObject({ code: 'all_providers_failed', status: 502 });
    expect(first.requests.length).toBeGreaterThan(1);
    expect(first.requests.length).toBeLessThanOrEqual(3);
  });
});

describe('48: what the customer is told', () => {
  test('a refused request is a 400 at once, in our words', async () => {
    first.script(
      json(400, {
        error: {
          message: "Unsupported value: 'x' with org-SECRET",
          type: 'invalid_request_error',
          param: 'messages[0].role',
          code: 'unsupported_value',
        },
      }),
    );
    const error = await failure(both());
    expect(error).toMatchObject({ code: 'invalid_request', status: 400, param: 'messages[0].role' });
    expect(error.message).not.toContain('SECRET');
    expect(second.requests).toHaveLength(0);
  });

  test('too long a prompt tries the others and is then context_length_exceeded', async () => {
    const tooLong = json(400, { error: { message: 'too long', code: 'context_length_exceeded' } });
    first.script(tooLong);
    second.script(tooLong);
    expect(await failure(both())).toMatchObject({ code: 'context_length_exceeded', status: 400 });
    expect(second.requests).toHaveLength(1);
  });

  test('all failed: the outcomes, and never the vendor’s words or wallet', async () => {
    first.script(json(402, { error: { message: 'Insufficient Balance of acct-SECRET' } }));
    second.script(json(500, { error: { message: 'stack trace SECRET' } }));
    const error = await failure(both());
    expect(error.code).toBe('all_providers_failed');
    expect(error.extra['attempts']).toMatchObject([{ outcome: 'unavailable', status: 402 }, { outcome: 'server_error' }, {}, {}]);
    expect(JSON.stringify(error.toBody())).not.toMatch(/SECRET|Balance|billing/);
  });

  test('every vendor hanging is a 504', async () => {
    first.script(hang);
    expect(await failure([candidate(first.url)], request({ deadlineMs: 300 }))).toMatchObject({ code: 'upstream_timeout', status: 504 });
  });

  test('a customer’s own key that fails is theirs when nothing else may serve', async () => {
    first.script(json(401, { error: { message: 'Incorrect API key' } }));
    expect(await failure([candidate(first.url, { byok: true })])).toMatchObject({ code: 'byok_credential_failed' });
  });

  test('a customer’s own base URL that is no public address is never called, and said to be theirs', async () => {
    const own = candidate(first.url, { byok: true });
    const error = await failure([{ ...own, credential: { ...own.credential, baseUrl: first.url } }]);
    expect(error).toMatchObject({ code: 'byok_credential_failed', message: expect.stringContaining('base URL') });
    expect(first.requests).toHaveLength(0);
  });

  test('a customer’s own key that fails gives way to the house’s', async () => {
    first.script(json(401, { error: { message: 'Incorrect API key' } }));
    expect((await run(both({ byok: true }))).text).toContain('from the second');
  });
});

describe('47: after the first token', () => {
  test('a cut stream is an error and never a stop', async () => {
    first.script(sse([chunk({ content: 'Hel' })], { destroy: true, gapMs: 20 }));
    const answer = await upstream.execute(plan(both()), request({ stream: true }), meter, new AbortController().signal);
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const frame of answer.frames) seen.push(frame.data.toString());
      })(),
    ).rejects.toMatchObject({ kind: 'cut' });
    expect(seen.join('')).toContain('Hel');
    expect(seen.join('')).not.toContain('"finish_reason":"stop"');
    expect(second.requests).toHaveLength(0);
    expect(meter.attempts).toMatchObject([{ outcome: 'cut' }]);
  });

  test('half an event at the end of the body is a cut too', async () => {
    first.script(sse([chunk({ content: 'Hel' }), chunk({ content: 'lo' }).slice(0, 60)]));
    await expect(run(both(), request({ stream: true }))).rejects.toMatchObject({ kind: 'cut' });
  });

  test('an error event in the read of good ones comes after them', async () => {
    first.script(sse([`${chunk({ content: 'Hel' })}data: {"error":{"message":"x","code":500}}\n\n`]));
    const answer = await upstream.execute(plan(both()), request({ stream: true }), meter, new AbortController().signal);
    const iterator = answer.frames[Symbol.asyncIterator]();
    expect((await iterator.next()).value.data.toString()).toContain('Hel');
    await expect(iterator.next()).rejects.toMatchObject({ kind: 'server_error' });
  });

  test('silence ends in a timeout', async () => {
    first.script(sse([chunk({ content: 'Hel' })], { end: false }));
    await expect(run(both({ timeouts: { idleMs: 150 } }), request({ stream: true }))).rejects.toMatchObject({ kind: 'timeout' });
  });

  test('[DONE] ends the answer although the vendor keeps its socket open', async () => {
    first.script(sse(GOOD_STREAM, { end: false }));
    const { text } = await run(both(), request({ stream: true }));
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(meter.attempts).toMatchObject([{ outcome: 'ok' }]);
  });
});

describe('47: the client', () => {
  test('that leaves cancels the vendor’s call at once', async () => {
    const before = first.cancelled();
    first.script(sse([chunk({ content: 'Hel' })], { end: false }));
    const client = new AbortController();
    const answer = await upstream.execute(plan(both()), request({ stream: true }), meter, client.signal);
    const reading = collect(answer.frames);
    client.abort();
    await expect(reading).rejects.toMatchObject({ kind: 'aborted' });
    await expect.poll(() => first.cancelled()).toBe(before + 1);
    expect(meter.attempts).toMatchObject([{ outcome: 'aborted' }]);
  });

  test('that leaves while the vendor hangs ends the search', async () => {
    first.script(hang);
    const client = new AbortController();
    setTimeout(() => client.abort(), 50);
    await expect(run(both(), request(), client.signal)).rejects.toMatchObject({ kind: 'aborted' });
    expect(second.requests).toHaveLength(0);
  });

  test('whose money ended gets length and [DONE]', async () => {
    first.script(sse([chunk({ content: 'Hel' }), chunk({ content: 'lo' })], { end: false }));
    const answer = await upstream.execute(plan(both()), request({ stream: true }), meter, new AbortController().signal);
    for await (const _frame of answer.frames) break;
    const end = answer.truncate().data.toString();
    expect(end).toContain('"finish_reason":"length"');
    expect(end.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test('that reads slowly slows the vendor down instead of filling memory', async () => {
    const big = chunk({ content: 'x'.repeat(60_000) });
    let written = 0;
    first.script(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (; written < 400; written++) if (!response.write(big)) await new Promise((resolve) => response.once('drain', resolve));
      response.end(chunk({}, 'stop') + DONE);
    });
    const answer = await upstream.execute(plan(both()), request({ stream: true }), meter, new AbortController().signal);
    const iterator = answer.frames[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(390);
    let bytes = 0;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) bytes += next.value.deliveredBytes;
    expect(bytes).toBeGreaterThan(300 * 60_000);
  });
});

describe('hedging', () => {
  test('starts the second candidate after the first’s 95th percentile and cancels the loser', async () => {
    const slow = candidate(first.url);
    first.script(sse(GOOD_STREAM));
    for (let index = 0; index < 25; index++) {
      await collect(
        (await upstream.execute(plan([slow]), request({ stream: true }), recordingMeter(), new AbortController().signal)).frames,
      );
    }
    const before = first.cancelled();
    first.script(hang);
    second.script(sse(GOOD_STREAM));
    const answer = await upstream.execute(
      plan([slow, candidate(second.url)], true),
      request({ stream: true }),
      meter,
      new AbortController().signal,
    );
    expect(await collect(answer.frames)).toContain('"content":"Hel"');
    expect(meter.committed?.endpoint.vendor.baseUrl).toBe(second.url);
    await expect.poll(() => first.cancelled()).toBe(before + 1);
    expect(meter.attempts.map((attempt) => attempt.outcome).sort()).toEqual(['hedged', 'ok']);
  });
});
