import type { Protocol } from '../../../shared/snapshot.js';
import { anthropic } from './anthropic/index.js';
import { gemini } from './gemini/index.js';
import { openai } from './openai/adapter.js';
import type { ProtocolAdapter } from './protocol-adapter.js';

/** Adding a protocol: its folder, and one line here. */
export const ADAPTERS: Readonly<Record<Protocol, ProtocolAdapter>> = { openai, anthropic, gemini };
