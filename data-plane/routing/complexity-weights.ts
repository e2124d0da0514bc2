/** Log-odds of each feature, fitted by `test/routing/tune-complexity.ts` on `test/routing-labels`; run it again to renew them. */
import type { GroupKind } from '../../shared/snapshot.js';
import type { ComplexityFeature } from './complexity-features.js';

export const KIND_BIAS: Readonly<Record<GroupKind, number>> = {
  code: -1.192,
  write: -1.086,
  reason: -1.111,
  analyze: -1.36,
  general: -1.187,
};

export const COMPLEXITY_WEIGHTS: Readonly<Record<ComplexityFeature, number>> = {
  routine: -0.52,
  fact: -0.261,
  brief: -0.475,
  extensive: 0.425,
  deep: 1.324,
  systems: 0.687,
  science: 0.331,
  expertise: 0.414,
  advanced: 1.272,
  build: 0.545,
  craft: 0.43,
  constraint: 0.387,
  steps: 0.376,
  instructionLength: 0.805,
  contextLength: 0.2,
  codeLength: 0.112,
  codeFences: 0,
  inlineCode: 0,
  listItems: 0.098,
  sentences: 0.528,
  questions: -0.178,
  numbers: 0.032,
  longWords: 0.377,
  mathSymbols: 0.299,
  commands: 0.184,
  tools: 0.2,
  toolResults: 0.4,
  turns: 0.3,
  systemLength: 0.2,
  media: 0.3,
  schema: -0.1,
  effort: 2,
};
