/** Anthropic's Messages request as far as this gateway writes it. */
import type { CacheControl } from '../../../../shared/chat.js';
import type { JsonRecord } from '../json.js';

interface Cacheable {
  cache_control?: CacheControl;
}

export type MediaReference =
  | { readonly type: 'base64'; readonly media_type: string; readonly data: string }
  | { readonly type: 'text'; readonly media_type: 'text/plain'; readonly data: string }
  | { readonly type: 'url'; readonly url: string };

export interface TextBlock extends Cacheable {
  readonly type: 'text';
  text: string;
}

export interface ToolResultBlock extends Cacheable {
  readonly type: 'tool_result';
  readonly tool_use_id: string;
  content: UserBlock[];
}

export type UserBlock =
  | TextBlock
  | ({ readonly type: 'image'; readonly source: MediaReference } & Cacheable)
  | ({ readonly type: 'document'; readonly source: MediaReference; readonly title?: string } & Cacheable);

export type AssistantBlock =
  | TextBlock
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'redacted_thinking'; readonly data: string }
  | ({ readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: JsonRecord } & Cacheable);

export type Turn =
  | { readonly role: 'user'; content: (UserBlock | ToolResultBlock)[] }
  | { readonly role: 'assistant'; content: AssistantBlock[] }
  | { readonly role: 'system'; content: TextBlock[] };

export interface MessagesRequest {
  model?: string;
  anthropic_version?: string;
  max_tokens: number;
  messages: readonly Turn[];
  stream: boolean;
  system?: readonly TextBlock[];
  tools?: readonly JsonRecord[];
  tool_choice?: JsonRecord;
  thinking?: JsonRecord;
  output_config?: JsonRecord;
  temperature?: number;
  top_p?: number;
  top_k?: number;
  stop_sequences?: readonly string[];
  metadata?: { user_id: string };
  service_tier?: string;
  cache_control?: unknown;
}

/** Marks `reasoning_details` that came from Claude: others' signatures are refused with a 400. */
export const CLAUDE_REASONING = 'anthropic-claude-v1';
