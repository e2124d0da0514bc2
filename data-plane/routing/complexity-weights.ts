/** Log-odds of each feature, fitted by `test/routing/tune-complexity.ts` on `test/routing-labels`; run it again to renew them. */
import type { GroupKind } from '../../shared/snapshot.js';
import type { ComplexityFeature } from './complexity-features.js';

export const KIND_BIAS: Readonly<Record<GroupKind, number>> = {
  code: -1.07,
  write: -1.007,
  reason: -1.029,
  analyze: -1.337,
  general: -1.111,
};

export const COMPLEXITY_WEIGHTS: Readonly<Record<ComplexityFeature, number>> = {
  routine: -0.632,
  fact: -0.179,
  brief: -0.477,
  extensive: 0.395,
  deep: 1.383,
  systems: 0.689,
  science: 0.23,
  expertise: 0.391,
  build: 0.616,
  craft: 0.572,
  constraint: 0.341,
  steps: 0.245,
  instructionLength: 0.819,
  contextLength: 0.2,
  codeLength: 0.133,
  codeFences: 0,
  inlineCode: 0,
  listItems: 0.107,
  sentences: 0.405,
  questions: -0.386,
  numbers: 0.023,
  mathSymbols: 0.116,
  commands: 0.176,
  tools: 0.5,
  toolResults: 0.4,
  turns: 0.3,
  systemLength: 0.2,
  media: 0.3,
  schema: -0.1,
  effort: 2,
};
