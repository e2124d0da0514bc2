/**
 * Bytes to a checked request: UTF-8, JSON, schema. `JSON.parse` runs once and the bytes are kept, because a vendor that speaks OpenAI
 * gets them as they came. The good path is one compiled check; only a wrong body pays for finding out what is wrong with it.
 */
import { Compile } from 'typebox/compile';
import type { ChatRequest } from '../../shared/chat.js';
import { GatewayError } from '../../shared/errors.js';
import { CHAT_MEMBERS, ChatRequestSchema, CONTENT_PARTS, MESSAGES } from './chat-schema.js';
import { describeMismatch, type Mismatch } from './describe-mismatch.js';
import { readJson } from './read-json.js';

const chatRequest = Compile(ChatRequestSchema);

/** Throws GatewayError `invalid_request` whose `param` names the member: `messages[3].content`. */
export function readChatRequest(raw: Buffer): ChatRequest {
  return checkChatRequest(readJson(raw));
}

/** `path`: where the request stands in a larger body (`requests[3]`); the error's message and `param` begin with it. */
export function checkChatRequest(body: unknown, path?: string): ChatRequest {
  if (isChatRequest(body)) return body;
  const { message, param } = explain(body);
  if (path === undefined) throw new GatewayError('invalid_request', message, param === undefined ? {} : { param });
  throw new GatewayError('invalid_request', `${path}: ${message}`, { param: param === undefined ? path : `${path}.${param}` });
}

function isChatRequest(body: unknown): body is ChatRequest {
  return chatRequest.Check(body);
}

/** Walks by `role` and `type`, so that the answer is about the member that is wrong and not about the alternatives to it. */
function explain(body: unknown): Mismatch {
  if (!isObject(body)) return { param: undefined, message: 'The body must be a JSON object.' };
  for (const [name, schema] of Object.entries(CHAT_MEMBERS)) {
    if (body[name] === undefined && name !== 'model') continue;
    const mismatch = describeMismatch(schema, body[name], name);
    if (mismatch) return mismatch;
  }
  const { messages } = body;
  if (messages === undefined) return { param: 'messages', message: "Missing required parameter: 'messages'." };
  if (!Array.isArray(messages)) return { param: 'messages', message: "Invalid 'messages': must be an array." };
  if (messages.length === 0) return { param: 'messages', message: "Invalid 'messages': must have at least one message." };
  for (const [index, message] of messages.entries()) {
    const mismatch = explainMessage(message, `messages[${index}]`);
    if (mismatch) return mismatch;
  }
  return { param: undefined, message: 'The body does not match the schema at /openapi.json.' };
}

function explainMessage(message: unknown, path: string): Mismatch | undefined {
  if (!isObject(message)) return { param: path, message: `Invalid '${path}': must be an object.` };
  const schema = lookUp(MESSAGES, message['role']);
  if (!schema) return { param: `${path}.role`, message: `Invalid '${path}.role': must be one of ${Object.keys(MESSAGES).join(', ')}.` };
  const { content } = message;
  if (Array.isArray(content)) {
    for (const [index, part] of content.entries()) {
      const mismatch = explainPart(part, `${path}.content[${index}]`);
      if (mismatch) return mismatch;
    }
  }
  return describeMismatch(schema, message, path);
}

function explainPart(part: unknown, path: string): Mismatch | undefined {
  if (!isObject(part)) return { param: path, message: `Invalid '${path}': must be an object.` };
  const schema = lookUp(CONTENT_PARTS, part['type']);
  if (schema) return describeMismatch(schema, part, path);
  return { param: `${path}.type`, message: `Invalid '${path}.type': must be one of ${Object.keys(CONTENT_PARTS).join(', ')}.` };
}

function lookUp<Schema>(schemas: Readonly<Record<string, Schema>>, name: unknown): Schema | undefined {
  return typeof name === 'string' && Object.hasOwn(schemas, name) ? schemas[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
