/** What a wire protocol must do for the sandbox: read a prompt, say an answer whole or in frames, say an error. */
import type { Answer, Prompt } from '../answer.js';
import type { Dialect, ErrorFamily } from '../dialects.js';
import type { JsonObject } from '../json-value.js';
import type { Script } from '../script.js';

export interface Call {
  readonly vendor: string;
  readonly dialect: Dialect;
  /** Unique in this sandbox: ids of answers and tool calls are made of it. */
  readonly sequence: number;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly script: Script;
  readonly model: string;
  readonly stream: boolean;
  /** Gemini without `alt=sse`: one JSON array instead of events. */
  readonly asArray: boolean;
}

export interface WireFrame {
  readonly data: string;
  /** Only a delta waits its pace and counts for `-mid` faults. */
  readonly delta: boolean;
}

export interface Wire {
  readonly name: string;
  /** Which vendor's error bodies this call gets. */
  errorFamily(call: Call): ErrorFamily;
  /** Throws RefusedRequest for what the real vendor refuses with 400. */
  readPrompt(body: JsonObject, call: Call): Prompt;
  renderWhole(answer: Answer, prompt: Prompt, call: Call): unknown;
  renderFrames(answer: Answer, prompt: Prompt, call: Call): Iterable<WireFrame>;
  /** What the vendor sends when it fails after the first tokens. */
  renderErrorFrame(call: Call): string;
  /** Data that is no JSON, in this vendor's framing. */
  renderMalformedFrame(): string;
}

/** The real vendor answers 400 to this. */
export class RefusedRequest extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RefusedRequest';
  }
}

/** Arguments of a tool call cut as vendors cut them: a few pieces, not at JSON's joints. */
export function cutArguments(text: string): string[] {
  const size = Math.max(8, Math.ceil(text.length / 4));
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += size) pieces.push(text.slice(at, at + size));
  return pieces;
}
