/** Gemini's generateContent request as far as this gateway writes it. */
import type { JsonRecord } from '../json.js';

interface InlineData {
  readonly mimeType: string;
  readonly data: string;
}

export interface Part {
  text?: string;
  inlineData?: InlineData;
  fileData?: { readonly fileUri: string; readonly mimeType?: string };
  functionCall?: { readonly name: string; readonly args: JsonRecord; readonly id?: string };
  functionResponse?: { readonly name: string; readonly response: JsonRecord; readonly id?: string; readonly parts?: readonly Part[] };
  thoughtSignature?: string;
}

export interface Content {
  readonly role: 'user' | 'model';
  readonly parts: Part[];
}

export interface GenerateContentRequest {
  contents: readonly Content[];
  systemInstruction?: { readonly parts: readonly Part[] };
  tools?: readonly JsonRecord[];
  toolConfig?: JsonRecord;
  generationConfig?: Record<string, unknown>;
  safetySettings?: unknown;
}

/** Marks `reasoning_details` that came from Gemini: others' signatures are stripped. */
export const GEMINI_REASONING = 'google-gemini-v1';
