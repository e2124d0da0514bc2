/** The honest end of a stream that we stop ourselves, because its funds ended: `length` for every choice that was still open. */
import type { Frame } from '../types.js';
import { nullUsage } from './protocols/null-usage.js';
import type { AttemptTarget } from './protocols/protocol-adapter.js';

const NOTHING: Frame = { data: Buffer.alloc(0), deliveredBytes: 0 };
const STREAM_END = 'data: [DONE]\n\n';

/** `complete`: the vendor's own end was handed on already, so there is nothing to add. */
export function truncateStream(target: AttemptTarget, complete: boolean, openChoices: readonly number[] | undefined): Frame {
  if (complete || !target.stream) return NOTHING;
  const constant = {
    id: `chatcmpl-${target.requestId}`,
    object: 'chat.completion.chunk',
    created: target.createdAt,
    model: target.model.id,
  };
  const head = JSON.stringify(constant).slice(0, -1);
  const usageMember = nullUsage(target);
  const chunks = (openChoices ?? choicesAskedFor(target)).map(
    (index) => `data: ${head},"choices":[{"index":${index},"delta":{},"finish_reason":"length"}]${usageMember}}\n\n`,
  );
  return {
    data: Buffer.from(chunks.join('') + (target.includeUsage ? '' : STREAM_END)),
    deliveredBytes: 0,
    finishReason: 'length',
    ...(target.includeUsage && {
      render: (usage) => Buffer.from(`data: ${head},"choices":[],"usage":${JSON.stringify(usage)}}\n\n${STREAM_END}`),
    }),
  };
}

function choicesAskedFor(target: AttemptTarget): number[] {
  return Array.from({ length: target.body.n ?? 1 }, (_, index) => index);
}
