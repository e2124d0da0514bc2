/** 37: structured output in what a vendor has for it. */
import type { ChatMessage } from '../../../../shared/chat.js';
import type { VendorQuirks } from '../../../../shared/snapshot.js';
import { asRecord } from '../json.js';
import type { BodyDraft } from './encode.js';

export function encodeResponseFormat(draft: BodyDraft, quirks: VendorQuirks): void {
  const format = asRecord(draft.get('response_format'));
  if (format === undefined || format['type'] === 'text') return;
  const native = quirks.jsonSchema ?? 'native';
  if (format['type'] === 'json_schema' && native !== 'native') {
    const schema = JSON.stringify(asRecord(format['json_schema'])?.['schema'] ?? {});
    addInstruction(draft, `Answer with one JSON object that is valid against this JSON schema, and nothing else:\n${schema}`);
    draft.set('response_format', native === 'json_object' ? { type: 'json_object' } : undefined);
    draft.name('response_format');
  } else if (format['type'] === 'json_object' && quirks.jsonWordRequired === true && !mentionsJson(draft)) {
    addInstruction(draft, 'Answer in JSON.');
  }
}

function mentionsJson(draft: BodyDraft): boolean {
  return /json/i.test(JSON.stringify(draft.get('messages')));
}

/** After the conversation's own system turns, so that nothing of the customer's is replaced. */
function addInstruction(draft: BodyDraft, text: string): void {
  const messages = draft.get('messages') as readonly ChatMessage[];
  const rest = messages.findIndex((message) => message.role !== 'system' && message.role !== 'developer');
  const at = rest === -1 ? messages.length : rest;
  draft.set('messages', [...messages.slice(0, at), { role: 'system', content: text }, ...messages.slice(at)]);
}
