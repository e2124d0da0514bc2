/** The labelled set: `test/routing-labels/<group>.jsonl`, one prompt a line with the tier that it deserves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { QualityTier } from '../../shared/chat.js';
import type { GroupKind } from '../../shared/snapshot.js';

export interface LabelledPrompt {
  readonly kind: GroupKind;
  readonly tier: QualityTier;
  readonly language: string;
  readonly prompt: string;
}

const GROUPS = ['code', 'write', 'reason', 'analyze'] as const satisfies readonly GroupKind[];
/** Every third prompt of a label is held out: tuning never sees it. */
const HELD_OUT_EVERY = 3;

export function readLabelledPrompts(projectRoot = process.cwd()): { train: LabelledPrompt[]; heldOut: LabelledPrompt[] } {
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
  return { train, heldOut };
}
