/**
 * What a customer reads about a request that a vendor refused. Vendors' texts name keys, organisations and hosts, so none is passed on:
 * the sense is said in our words, with the field and the vendor's code where they are plain names.
 */
import type { ErrorFacts } from './error-envelope.js';
import type { FailureKind } from './protocol-adapter.js';

const HINTS: readonly { readonly message: RegExp; readonly hint: string }[] = [
  {
    message: /error while downloading|cannot fetch|failed to (download|fetch)/i,
    hint: 'a URL in the messages could not be fetched by the vendor',
  },
  {
    message: /tool_use.*without.*tool_result|tool_call_id|must be followed by tool messages/i,
    hint: 'every tool call needs exactly one tool message with its id',
  },
  { message: /thought_signature|expected `?thinking/i, hint: 'reasoning of earlier turns must be sent back unchanged (reasoning_details)' },
  { message: /reasoning_content.*must be passed back/i, hint: 'reasoning_content of earlier assistant turns must be sent back' },
  {
    message: /unsupported (parameter|value)|not supported|does not support|not permitted/i,
    hint: 'this model does not support a parameter or value',
  },
  { message: /schema/i, hint: 'a JSON schema is not acceptable to this model' },
  { message: /empty array|non-whitespace|must not be empty|empty (content|message)/i, hint: 'a message or list is empty' },
  { message: /temperature/i, hint: 'temperature is out of range for this model' },
  { message: /role/i, hint: 'the roles of the messages are not in an order that this model takes' },
];

/** A name, not a sentence and not a secret. */
const PLAIN_NAME = /^[\w.[\]-]{1,80}$/;

export function publicMessageFor(kind: FailureKind, facts: ErrorFacts): string | undefined {
  switch (kind) {
    case 'context_length':
      return 'The messages are longer than the context of this model. Shorten them, lower max_tokens, or choose a model with a larger context.';
    case 'content_filter':
      return "The vendor's content filter refused this request.";
    case 'request_too_large':
      return 'The request is larger than the vendor takes at once. Shorten the messages or lower max_tokens.';
    case 'invalid_request': {
      const hint = HINTS.find((candidate) => candidate.message.test(facts.message))?.hint ?? 'a value is not acceptable to this model';
      const param = facts.param !== undefined && PLAIN_NAME.test(facts.param) ? ` Field: ${facts.param}.` : '';
      const code = facts.codes[0] !== undefined && PLAIN_NAME.test(facts.codes[0]) ? ` (${facts.codes[0]})` : '';
      return `The model's vendor refused the request: ${hint}${code}.${param}`;
    }
    default:
      return undefined;
  }
}
