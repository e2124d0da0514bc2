/** What the sources leave out of the newest models and their families have: kept when the catalogue is built anew. */
import { expect, test } from 'vitest';
import { CATALOGUE, type CatalogueModel } from '../../control-plane/modules/catalog/data/catalogue-model.js';

const modelsOf = (pattern: RegExp) => CATALOGUE.filter((model) => pattern.test(model.id)).map((model) => [model.id, model] as const);
const reasoningOf = (model: CatalogueModel) => model.endpoints.map(({ quirks }) => quirks?.reasoning);

test.each(modelsOf(/^(claude|gemini)-/))('%s reads files', (_, { input, can }) => {
  expect(input).toContain('file');
  expect(can).toContain('fileInput');
});

test.each(modelsOf(/^gemini-/))('%s hears', (_, { can }) => expect(can).toContain('audioInput'));

test.each(modelsOf(/^claude-(opus-4-[78]|opus-5|sonnet-5|haiku-5|fable)/))('%s takes no temperature and thinks adaptively', (_, model) => {
  expect(model.can).not.toContain('temperature');
  expect(reasoningOf(model)).toEqual(['anthropic_adaptive']);
});

test.each(modelsOf(/^gemini-[3-9]/))('%s thinks by level', (_, model) => {
  expect(new Set(reasoningOf(model))).toEqual(new Set(['gemini_level']));
});

test('a window is not shorter than where its dearer tier begins', () => {
  const cut = CATALOGUE.filter(({ contextTokens, tiers }) => tiers.some(({ aboveInputTokens }) => aboveInputTokens >= contextTokens));
  expect(cut.map(({ id }) => id)).toEqual([]);
});
