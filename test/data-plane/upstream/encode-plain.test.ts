import fc from 'fast-check';
import { expect, test } from 'vitest';
import { VENDORS } from '../../../control-plane/modules/catalog/data/vendors.js';
import { encodeAnyRequest, encodeRequest } from '../../../data-plane/upstream/protocols/openai/encode.js';
import { encodePlainBody } from '../../../data-plane/upstream/protocols/openai/encode-plain.js';
import type { AttemptTarget } from '../../../data-plane/upstream/protocols/protocol-adapter.js';
import type { ChatRequest } from '../../../shared/chat.js';
import { model } from '../routing/routing-world.js';

const QUIRKS = VENDORS.filter(({ protocol }) => protocol === 'openai').map(({ quirks }) => quirks);
const MODEL = model('gpt-4o-mini', 1, 2);

function targetOf(body: ChatRequest, quirks: AttemptTarget['quirks'], temperature: boolean, outputLimit: number): AttemptTarget {
  return {
    requestId: '0',
    body,
    raw: Buffer.from(JSON.stringify(body)),
    stream: body.stream === true,
    includeUsage: false,
    omitNullUsage: false,
    vendorId: 'v',
    model: { ...MODEL, capabilities: { ...MODEL.capabilities, temperature } },
    upstreamModel: 'upstream-model',
    baseUrl: 'http://vendor/v1',
    quirks,
    secret: 'secret',
    outputLimit,
    createdAt: 0,
  };
}

function optional<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    { weight: 3, arbitrary: value },
    { weight: 1, arbitrary: fc.constant(null) },
  );
}

const message = fc.record(
  {
    role: fc.constantFrom('system', 'user', 'assistant', 'developer', 'tool'),
    content: fc.oneof({ weight: 6, arbitrary: fc.string() }, { weight: 1, arbitrary: fc.constant(null) }),
    name: fc.string(),
    reasoning_content: fc.string(),
  },
  { requiredKeys: ['role', 'content'] },
);
const plainMessage = fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: fc.string() });
const body = fc
  .record({
    model: fc.constantFrom('gpt-4o-mini', 'upstream-model', 'auto'),
    max_tokens: optional(fc.integer({ min: 1, max: 50_000 })),
    max_completion_tokens: optional(fc.integer({ min: 1, max: 50_000 })),
    messages: fc.array(fc.oneof({ weight: 30, arbitrary: plainMessage }, { weight: 1, arbitrary: message }), {
      minLength: 1,
      maxLength: 4,
    }),
    temperature: optional(fc.constantFrom(0, 0.5, 1, 1.5, 2)),
    top_p: optional(fc.constantFrom(0.1, 1)),
    stop: optional(fc.string()),
    seed: optional(fc.integer()),
    user: optional(fc.string()),
    stream: optional(fc.boolean()),
    stream_options: optional(fc.constantFrom({ include_usage: true }, { include_usage: false })),
    logit_bias: fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constant({}) }),
  })
  .map((members) => JSON.parse(JSON.stringify(members)) as ChatRequest);

test('for every vendor the short way writes what the general way would', () => {
  let short = 0;
  fc.assert(
    fc.property(
      body,
      fc.constantFrom(...QUIRKS),
      fc.boolean(),
      fc.constantFrom(MODEL.maxOutputTokens, MODEL.maxOutputTokens + 1, 100),
      (request, quirks, temperature, outputLimit) => {
        const target = targetOf(request, quirks, temperature, outputLimit);
        const plain = encodePlainBody(target);
        if (plain === undefined) return;
        short++;
        const general = encodeAnyRequest(target);
        expect(JSON.parse(plain.toString())).toEqual(JSON.parse(String(general.body)));
        expect(encodeRequest(target)).toEqual({ ...general, body: plain });
        expect(general.dropped).toEqual([]);
      },
    ),
    { numRuns: 3_000 },
  );
  expect(short).toBeGreaterThan(100);
});
