/** What is wrong with an answer of the gateway: OpenAI's schemas for each body and chunk, and the promises that no schema can say. */
import type OpenAI from 'openai';
import { violations } from '../../conformance/openai-schema.js';

type Chunk = OpenAI.ChatCompletionChunk;

/** Empty when all is right. */
export function violationsOfBody(text: string): readonly string[] {
  const body = JSON.parse(text) as Record<string, unknown>;
  return [...violations('CreateChatCompletionResponse', body), ...unless('system_fingerprint' in body, 'no system_fingerprint')];
}

/** Constant envelope, role first, one finish reason per choice and nothing after it, usage last, then [DONE]. */
export function violationsOfStream(text: string): readonly string[] {
  const data = text
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice('data: '.length));
  const chunks = data.slice(0, -1).map((event) => JSON.parse(event) as Chunk);
  return [
    ...unless(data.at(-1) === '[DONE]', 'no [DONE] at the end'),
    ...chunks.flatMap((chunk) => violations('CreateChatCompletionStreamResponse', chunk)),
    ...(['id', 'created', 'model'] as const).flatMap((member) =>
      unless(new Set(chunks.map((chunk) => chunk[member])).size === 1, `${member} changes`),
    ),
    ...violationsOfChoices(chunks),
    ...chunks.slice(0, -1).flatMap((chunk) => unless(chunk.choices.length > 0 && chunk.usage == null, 'usage before the last chunk')),
  ];
}

function violationsOfChoices(chunks: readonly Chunk[]): readonly string[] {
  const begun = new Set<number>();
  const finished = new Set<number>();
  return chunks
    .flatMap((chunk) => chunk.choices)
    .flatMap((choice) => {
      const { index, delta, finish_reason: finishReason } = choice;
      const found = [
        ...unless(begun.has(index) || delta.role === 'assistant', `choice ${index} begins without a role`),
        ...unless(!finished.has(index), `choice ${index} goes on after its end`),
      ];
      begun.add(index);
      if (finishReason !== null) finished.add(index);
      return found;
    })
    .concat([...begun].flatMap((index) => unless(finished.has(index), `choice ${index} has no end`)));
}

function unless(holds: boolean, complaint: string): readonly string[] {
  return holds ? [] : [complaint];
}
