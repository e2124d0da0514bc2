import { randomBytes } from 'node:crypto';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { expect, test } from 'vitest';
import { estimateTokens } from '../../../data-plane/routing/estimate-tokens.js';
import type { ChatRequest } from '../../../shared/chat.js';
import { readLabelledPrompts } from '../../routing/labelled-prompts.js';

function ask(content: ChatRequest['messages'][number]['content']): ChatRequest {
  return { model: 'm', messages: [{ role: 'user', content: content ?? '' }] };
}

test('the bound holds for prompts of every language, and the expectation is near', () => {
  const { heldOut } = readLabelledPrompts();
  const ratios = heldOut.map(({ prompt }) => {
    const truth = countTokens(prompt) + 8;
    const { expected, upper } = estimateTokens(ask(prompt));
    expect(upper, prompt).toBeGreaterThanOrEqual(truth);
    return expected / truth;
  });
  ratios.sort((one, other) => one - other);
  expect(ratios[Math.floor(ratios.length / 2)]).toBeGreaterThan(0.9);
  expect(ratios[Math.floor(ratios.length / 2)]).toBeLessThan(1.1);
});

test.each([
  ['base64', randomBytes(3_000).toString('base64')],
  ['hex', randomBytes(3_000).toString('hex')],
  ['emoji', '🎉🚀👩‍🚀 '.repeat(300)],
  ['digits', '3141592653 '.repeat(300)],
  ['rules', '-=-=-=-=--__--'.repeat(300)],
])('the bound holds for %s', (_, text) => {
  expect(estimateTokens(ask(text)).upper).toBeGreaterThanOrEqual(countTokens(text));
});

test('a long text is sampled, and the sample is fair', () => {
  const { train } = readLabelledPrompts();
  const text = train
    .map(({ prompt }) => prompt)
    .join('\n')
    .repeat(6);
  expect(text.length).toBeGreaterThan(200_000);
  const { expected, upper } = estimateTokens(ask(text));
  const truth = countTokens(text);
  expect(Math.abs(expected - truth) / truth).toBeLessThan(0.15);
  expect(upper).toBeGreaterThan(truth);
});

test('many small messages are sampled like one long text', () => {
  const messages = Array.from({ length: 10_000 }, (_, index) => ({
    role: 'user' as const,
    content: `Message number ${index} says hello to all.`,
  }));
  const truth = messages.reduce((total, message) => total + countTokens(message.content) + 4, 0);
  const { expected, upper } = estimateTokens({ model: 'm', messages });
  expect(Math.abs(expected - truth) / truth).toBeLessThan(0.2);
  expect(upper).toBeGreaterThan(truth);
});

test('images, tools and schemas count', () => {
  const plain = estimateTokens(ask('look'));
  const image = estimateTokens(
    ask([
      { type: 'text', text: 'look' },
      { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(100_000)}` } },
    ]),
  );
  expect(image.expected - plain.expected).toBe(1_000);
  const parameters = { type: 'object', properties: { city: { type: 'string', description: 'The city to look up' } }, required: ['city'] };
  const tools = [{ type: 'function' as const, function: { name: 'weather', description: 'Looks up the weather', parameters } }];
  const cost = estimateTokens({ ...ask('look'), tools }).expected - plain.expected;
  const truth = countTokens(JSON.stringify(tools));
  expect(cost).toBeGreaterThan(truth * 0.6);
  expect(cost).toBeLessThan(truth * 1.6);
});
