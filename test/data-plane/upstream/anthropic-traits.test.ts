import { expect, test } from 'vitest';
import { claudeTraits } from '../../../data-plane/upstream/protocols/anthropic/claude-traits.js';
import { target } from '../../conformance/gemini-and-anthropic-replay.js';

const traits = (upstreamModel: string, quirks = {}) => claudeTraits(target({ upstreamModel, quirks }));

test.each([
  ['claude-3-haiku-20240307', 'none', true, false, true],
  ['claude-3-5-sonnet-20241022', 'none', true, false, true],
  ['claude-3-7-sonnet@20250219', 'budget', true, false, true],
  ['claude-opus-4-20250514', 'budget', true, false, true],
  ['claude-sonnet-4-0', 'budget', true, false, true],
  ['claude-opus-4-1-20250805', 'budget', true, true, true],
  ['anthropic/claude-sonnet-4.5', 'budget', true, true, true],
  ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 'budget', true, true, true],
  ['claude-sonnet-4-6', 'adaptive', true, true, false],
  ['claude-opus-4-7', 'adaptive', false, true, false],
  ['claude-sonnet-5', 'adaptive', false, true, false],
  ['claude-fable-5-2', 'adaptive', false, true, false],
  ['claude-opus-5-5', 'adaptive', false, true, false],
])('%s thinks by %s, sampling %s, json_schema %s, prefill %s', (id, thinking, sampling, jsonSchema, prefill) => {
  expect(traits(id)).toMatchObject({ thinking, sampling, jsonSchema, prefill });
});

test.each([
  ['claude-opus-4-7', false],
  ['claude-opus-4-8', true],
  ['claude-sonnet-5', false],
  ['claude-sonnet-5-5', true],
  ['claude-fable-5', true],
  ['claude-haiku-5-5', true],
])('%s takes system messages in mid-conversation: %s', (id, expected) => {
  expect(traits(id).midConversationSystem).toBe(expected);
});

test('a name without a version counts as the newest, and the catalogue has the last word', () => {
  expect(traits('claude-next').thinking).toBe('adaptive');
  expect(traits('claude-next').sampling).toBe(true);
  expect(traits('claude-next', { reasoning: 'anthropic_budget', jsonSchema: 'none', more: { prefill: true } })).toMatchObject({
    thinking: 'budget',
    jsonSchema: false,
    prefill: true,
  });
  expect(claudeTraits(target({ upstreamModel: 'claude-opus-4-8', capabilities: { reasoning: false } })).thinking).toBe('none');
});
