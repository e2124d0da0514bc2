/**
 * The labelled set, one prompt a line with the tier that it deserves: `test/routing-labels/<group>.jsonl`, of which every third is held
 * out; `fresh.jsonl`, written later in another style (short hard questions, long easy pastes, agents) and labelled before it was scored,
 * now part of what is fitted; `unseen.jsonl`, which no weight and no word was chosen by.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChatRequest, QualityTier } from '../../shared/chat.js';
import type { GroupKind } from '../../shared/snapshot.js';

export interface LabelledPrompt {
  readonly kind: GroupKind;
  readonly tier: QualityTier;
  readonly language: string;
  /** The last turn of the user. */
  readonly prompt: string;
  /** Of an agent: the whole conversation. */
  readonly messages?: ChatRequest['messages'];
  readonly tools?: ChatRequest['tools'];
}

const GROUPS = ['code', 'write', 'reason', 'analyze'] as const satisfies readonly GroupKind[];
/** Every third prompt of a label is held out: tuning never sees it. */
const HELD_OUT_EVERY = 3;

export interface LabelledPrompts {
  readonly train: LabelledPrompt[];
  readonly heldOut: LabelledPrompt[];
  readonly unseen: LabelledPrompt[];
}

export function readLabelledPrompts(projectRoot = process.cwd()): LabelledPrompts {
  const train: LabelledPrompt[] = [];
  const heldOut: LabelledPrompt[] = [];
  const seen = new Map<string, number>();
  for (const kind of GROUPS) {
    const lines = readFileSync(join(projectRoot, 'test/routing-labels', `${kind}.jsonl`), 'utf8')
      .trim()
      .split('\n');
    for (const line of lines) {
      const label = { kind, ...(JSON.parse(line) as Omit<LabelledPrompt, 'kind'>) };
      const key = `${kind} ${label.tier}`;
      const place = (seen.get(key) ?? 0) + 1;
      seen.set(key, place);
      (place % HELD_OUT_EVERY === 0 ? heldOut : train).push(label);
    }
  }
  train.push(...readLater(projectRoot, 'fresh'));
  return { train, heldOut, unseen: readLater(projectRoot, 'unseen') };
}

/** Every line names its group. */
function readLater(projectRoot: string, name: string): LabelledPrompt[] {
  const lines = readFileSync(join(projectRoot, 'test/routing-labels', `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => {
    const label = JSON.parse(line) as LabelledPrompt;
    const last = label.messages?.findLast((message) => message.role === 'user')?.content;
    return typeof last === 'string' ? { ...label, prompt: last } : label;
  });
}

export function requestFor({ kind, prompt, messages, tools }: LabelledPrompt): ChatRequest {
  return { model: `ama/smart-${kind}`, messages: messages ?? [{ role: 'user', content: prompt }], ...(tools ? { tools } : {}) };
}
