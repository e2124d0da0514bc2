import { expect, test } from 'vitest';
import { describeComplexity, scoreComplexity } from '../../../data-plane/routing/complexity.js';
import { tierFor } from '../../../data-plane/routing/strategies.js';
import type { ChatRequest } from '../../../shared/chat.js';
import { readLabelledPrompts } from '../../routing/labelled-prompts.js';

const THRESHOLDS = { standard: 0.3, frontier: 0.6 };
const TIERS = ['value', 'standard', 'frontier'];

function ask(prompt: string, more: Partial<ChatRequest> = {}): ChatRequest {
  return { model: 'ama/smart-code', messages: [{ role: 'user', content: prompt }], ...more };
}

test('prompts that tuning never saw go to their tier, and hardly any two tiers off', () => {
  const { heldOut } = readLabelledPrompts();
  const off = heldOut.map((label) => {
    const tier = tierFor(scoreComplexity(ask(label.prompt), label.kind), THRESHOLDS);
    return Math.abs(TIERS.indexOf(tier) - TIERS.indexOf(label.tier));
  });
  expect(off.filter((distance) => distance === 0).length / off.length).toBeGreaterThan(0.8);
  expect(off.filter((distance) => distance === 2).length / off.length).toBeLessThan(0.02);
});

test('what is pasted does not make an easy question hard', () => {
  const article = 'The architects optimise the distributed system and prove the theorem under strict constraints of consistency. '.repeat(
    30,
  );
  const asked = 'Give this article a title.';
  expect(scoreComplexity(ask(`${asked}\n\n${article}`), 'write')).toBeLessThan(0.3);
  expect(scoreComplexity(ask(`${asked}\n\n${article}`), 'write')).toBeLessThan(scoreComplexity(ask(article), 'write'));
});

test('reasoning_effort moves the score as the customer says', () => {
  const score = (effort: 'minimal' | 'medium' | 'high'): number =>
    scoreComplexity(ask('Write a function that parses dates.', { reasoning_effort: effort }), 'code');
  expect(score('minimal')).toBeLessThan(score('medium'));
  expect(score('medium')).toBeLessThan(score('high'));
});

test('an explanation names what counted', () => {
  const { factors, score } = describeComplexity(ask('Design a distributed scheduler and prove that it is free of deadlocks.'), 'code');
  expect(Object.keys(factors)).toEqual(expect.arrayContaining(['kind', 'deep', 'systems']));
  expect(score).toBeGreaterThan(0.6);
});

test.each([
  ['empty', ''],
  ['spaces', ' '.repeat(100_000)],
  ['one long word', 'x'.repeat(500_000)],
  ['fences', '```'.repeat(50_000)],
  ['lines', '\n-'.repeat(100_000)],
])('odd text keeps the score between 0 and 1: %s', (_, prompt) => {
  const score = scoreComplexity(ask(prompt), 'general');
  expect(score).toBeGreaterThanOrEqual(0);
  expect(score).toBeLessThanOrEqual(1);
});
