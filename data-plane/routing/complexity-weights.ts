/** Log-odds of each feature, fitted by `test/routing/tune-complexity.ts` on `test/routing-labels`; run it again to renew them. */
import type { GroupKind } from '../../shared/snapshot.js';
import type { ComplexityFeature } from './complexity-features.js';

export const KIND_BIAS: Readonly<Record<GroupKind, number>> = { code: -1, write: -1.3, reason: -0.7, analyze: -1, general: -1 };

export const COMPLEXITY_WEIGHTS: Readonly<Record<ComplexityFeature, number>> = {
  routine: -1.2,
  fact: -1,
  brief: -1,
  extensive: 0.8,
  deep: 1.2,
  systems: 1.2,
  science: 1,
  expertise: 0.8,
  build: 0.3,
  constraint: 0.5,
  steps: 0.5,
  instructionLength: 1.5,
  contextLength: 0.4,
  codeLength: 0.5,
  codeFences: 0.2,
  inlineCode: 0.2,
  listItems: 0.5,
  sentences: 0.4,
  questions: 0,
  numbers: 0.2,
  mathSymbols: 0.5,
  commands: 0.4,
  tools: 0.4,
  toolResults: 0.3,
  turns: 0.2,
  systemLength: 0.2,
  media: 0.2,
  schema: -0.1,
  effort: 1.5,
};
