/** The smart groups that an installation starts with: models by tier, in failover order. An operator changes them in the console. */
import type { GroupRow } from '../../../../shared/snapshot.js';

const DEFAULTS = { enabled: true, thresholds: { standard: 0.3, frontier: 0.6 }, hedge: false } as const;

export const GROUPS: readonly GroupRow[] = [
  {
    ...DEFAULTS,
    id: 'ama/smart-code',
    name: 'Smart code',
    description: 'Coding: frontier when needed, value tier for bulk edits',
    kind: 'code',
    tiers: {
      frontier: ['claude-opus-5-5', 'gpt-6.1-sol', 'gpt-5.5', 'claude-opus-4-7', 'glm-5.3'],
      standard: ['claude-sonnet-5-5', 'gpt-6.1-terra', 'kimi-k2.7-code', 'qwen3-coder-plus'],
      value: ['deepseek-v4-flash', 'glm-5.3-flash', 'gpt-6-luna', 'claude-haiku-5-5'],
    },
  },
  {
    ...DEFAULTS,
    id: 'ama/smart-write',
    name: 'Smart write',
    description: 'Marketing & editorial copy',
    kind: 'write',
    tiers: {
      frontier: ['claude-opus-5-5', 'gpt-6.1-sol', 'gpt-5.5', 'gemini-3.1-pro-preview'],
      standard: ['claude-sonnet-5-5', 'gpt-6.1-terra', 'gemini-3.8-flash', 'kimi-k2.6'],
      value: ['gpt-6-luna', 'claude-haiku-5-5', 'deepseek-v4-flash', 'gemini-2.5-flash-lite'],
    },
  },
  {
    ...DEFAULTS,
    id: 'ama/smart-reason',
    name: 'Smart reason',
    description: 'Long reasoning traces',
    kind: 'reason',
    tiers: {
      frontier: ['gpt-6.1-sol', 'claude-opus-5-5', 'gemini-3.1-pro-preview', 'deepseek-v4-pro', 'gpt-5.5'],
      standard: ['gpt-6.1-terra', 'claude-sonnet-5-5', 'o4-mini', 'kimi-k2.6'],
      value: ['deepseek-v4-flash', 'gpt-6-luna', 'gpt-oss-120b', 'glm-5.3-flash'],
    },
  },
  {
    ...DEFAULTS,
    id: 'ama/smart-analyze',
    name: 'Smart analyze',
    description: 'Structured analysis & summaries',
    kind: 'analyze',
    tiers: {
      frontier: ['gpt-6.1-sol', 'gemini-3.1-pro-preview', 'claude-opus-5-5', 'gpt-5.5'],
      standard: ['gemini-3.8-flash', 'gpt-6.1-terra', 'claude-sonnet-5-5', 'qwen3.7-plus'],
      value: ['gemini-2.5-flash-lite', 'gpt-6-luna', 'deepseek-v4-flash', 'qwen-flash'],
    },
  },
];
