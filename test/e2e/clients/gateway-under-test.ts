/**
 * What every client of the matrix is pointed at: real processes, and a `fetch` that keeps a copy of each answer. After each test the
 * copies are validated against OpenAI's schemas and against what a stream promises, whatever the client itself overlooks.
 */
import { afterAll, afterEach, expect, vi } from 'vitest';
import { z } from 'zod';
import { HAS_OPENAI_SCHEMA } from '../../conformance/openai-schema.js';
import { startStack } from '../../support/stack.js';
import { violationsOfBody, violationsOfStream } from './chat-answer.js';

/** One public model for each protocol of the vendors. */
export const MODELS = [
  ['openai', 'gpt-4o'],
  ['anthropic', 'claude-sonnet-4'],
  ['gemini', 'gemini-3.1-pro'],
] as const;

/** For structured output: nested, with an enum and an array, all required as OpenAI's strict mode wants it. */
export const Recipe = z.object({
  title: z.string(),
  difficulty: z.enum(['easy', 'hard']),
  steps: z.array(z.object({ text: z.string(), minutes: z.number() })),
});

/** The argument of the tool of every tool test. */
export const WeatherQuestion = z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']) });
export const TOOL_NAME = 'get_weather';
export const TOOL_DESCRIPTION = 'The current weather of a city.';
export const WEATHER = '{"degrees": 21, "sky": "clear"}';
export const ASK_WEATHER = 'What is the weather in Paris?';

export interface GatewayUnderTest {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly apiKey: string;
}

const answers: Promise<readonly string[]>[] = [];
let validated = 0;

afterEach(async () => {
  const found = await Promise.all(answers.splice(0));
  validated += found.length;
  expect(found.flat()).toEqual([]);
});

afterAll(() => {
  expect(validated).toBeGreaterThan(0);
  console.log(`${validated} answers validated${HAS_OPENAI_SCHEMA ? '' : " without OpenAI's schemas"}`);
});

/** For beforeAll. Clients made after it are heard. */
export async function startGateway(): Promise<GatewayUnderTest> {
  const stack = await startStack({ nodes: ['us'] });
  const original = globalThis.fetch;
  vi.stubGlobal('fetch', async (...parameters: Parameters<typeof fetch>) => {
    const response = await original(...parameters);
    if (response.ok && response.url.endsWith('/chat/completions')) answers.push(validate(response.clone()));
    return response;
  });
  return { url: stack.gateway, apiKey: stack.apiKey };
}

async function validate(response: Response): Promise<readonly string[]> {
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const text = await response.text();
  return isStream ? violationsOfStream(text) : violationsOfBody(text);
}
