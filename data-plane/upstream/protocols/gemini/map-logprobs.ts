/** `logprobsResult` as OpenAI's logprobs of one choice. */
import { asArray, asRecord, asText } from '../json.js';

interface TokenLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

/** Undefined when there are none. Google's chosen token need not stand among its top ones. */
export function mapLogprobs(result: unknown): { content: readonly object[]; refusal: null } | undefined {
  const chosen = asArray(asRecord(result)?.['chosenCandidates']);
  if (chosen.length === 0) return undefined;
  const tops = asArray(asRecord(result)?.['topCandidates']);
  const content = chosen.map((candidate, index) => ({
    ...readToken(candidate),
    top_logprobs: asArray(asRecord(tops[index])?.['candidates']).map(readToken),
  }));
  return { content, refusal: null };
}

/** OpenAI's own figure for a token that is very unlikely. */
const UNLIKELY = -9999;

function readToken(candidate: unknown): TokenLogprob {
  const token = asText(asRecord(candidate)?.['token']) ?? '';
  const logprob = asRecord(candidate)?.['logProbability'];
  return { token, logprob: typeof logprob === 'number' ? logprob : UNLIKELY, bytes: [...Buffer.from(token)] };
}
