import type { Protocol } from '../../../shared/snapshot.js';
import { anthropic } from './anthropic/index.js';
import { openaiAdapter } from './openai/adapter.js';
import type { ProtocolAdapter } from './protocol-adapter.js';

/** Adding a protocol: its folder, and one line here. */
export const ADAPTERS: Partial<Readonly<Record<Protocol, ProtocolAdapter>>> = {
  openai: openaiAdapter,
  anthropic,
};
