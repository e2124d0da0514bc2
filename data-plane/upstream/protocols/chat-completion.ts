/** Writes OpenAI's sync answer for the protocols whose vendors do not speak it. */
import type { FinishReason, ReasoningDetail, ToolCall } from '../../../shared/chat.js';
import type { Frame, UsageReport } from '../../types.js';
import { completionId, SYSTEM_FINGERPRINT } from './chat-chunk.js';
import type { AttemptTarget } from './protocol-adapter.js';

export interface AnswerChoice {
  readonly text: string;
  readonly refusal?: string;
  readonly reasoning: string;
  readonly reasoningDetails: readonly ReasoningDetail[];
  readonly toolCalls: readonly ToolCall[];
  /** `{type: "image_url", image_url: {url: "data:..."}}`, as OpenRouter shows generated images. */
  readonly images?: readonly unknown[];
  readonly logprobs?: unknown;
  readonly finishReason: FinishReason;
  readonly nativeFinishReason: string | undefined;
}

/** One frame that renders the whole body once the usage is priced. */
export function completionFrame(
  target: AttemptTarget,
  choices: readonly AnswerChoice[],
  usage: UsageReport | undefined,
  nativeId: string | undefined,
): Frame {
  const body = {
    id: completionId(target),
    object: 'chat.completion',
    created: target.createdAt,
    model: target.model.id,
    choices: choices.map(writeChoice),
    system_fingerprint: SYSTEM_FINGERPRINT,
  };
  const first = choices[0];
  return {
    data: Buffer.alloc(0),
    deliveredBytes: choices.reduce((total, choice) => total + bytesOf(choice), 0),
    ...(usage === undefined ? {} : { usage }),
    render: (priced) => Buffer.from(JSON.stringify({ ...body, usage: priced })),
    ...(first === undefined ? {} : { finishReason: first.finishReason }),
    native: {
      ...(nativeId === undefined ? {} : { id: nativeId }),
      ...(first?.nativeFinishReason === undefined ? {} : { finishReason: first.nativeFinishReason }),
    },
  };
}

function writeChoice(choice: AnswerChoice, index: number): object {
  return {
    index,
    message: {
      role: 'assistant',
      content: choice.text === '' && (choice.toolCalls.length > 0 || choice.refusal !== undefined) ? null : choice.text,
      refusal: choice.refusal ?? null,
      ...(choice.reasoning === '' ? {} : { reasoning_content: choice.reasoning }),
      ...(choice.reasoningDetails.length === 0 ? {} : { reasoning_details: choice.reasoningDetails }),
      ...(choice.toolCalls.length === 0 ? {} : { tool_calls: choice.toolCalls }),
      ...(choice.images === undefined || choice.images.length === 0 ? {} : { images: choice.images }),
    },
    logprobs: choice.logprobs ?? null,
    finish_reason: choice.finishReason,
    ...(choice.nativeFinishReason === undefined ? {} : { native_finish_reason: choice.nativeFinishReason }),
  };
}

/** What counts as delivered: a refusal is no output. */
function bytesOf(choice: AnswerChoice): number {
  let bytes = Buffer.byteLength(choice.text) + Buffer.byteLength(choice.reasoning);
  for (const call of choice.toolCalls) bytes += Buffer.byteLength(call.function.name) + Buffer.byteLength(call.function.arguments);
  for (const image of choice.images ?? []) bytes += JSON.stringify(image).length;
  return bytes;
}
