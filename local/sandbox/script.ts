/**
 * The script of one call: how long it takes, how it is cut into chunks, what it answers, and what goes wrong.
 * Written as `name=value` or bare `name`, separated by spaces or commas; the same words work in a model name, a header, a prompt
 * and a fault rule (`sandbox.ts` lists them). Unknown words are ignored, so that ordinary text can do no harm.
 */
const STATUS_FAULTS = ['400', '401', '402', '403', '404', '413', '429', '500', '502', '503', '504', '529', 'quota', 'context'] as const;
const OTHER_FAULTS = [
  'hang',
  'reset',
  'html',
  'malformed',
  'empty',
  'error-200',
  'error-mid',
  'hang-mid',
  'malformed-mid',
  'end-mid',
  'cut',
  'no-usage',
  'usage-twice',
  'usage-negative',
  'usage-mismatch',
] as const;

export type StatusFault = (typeof STATUS_FAULTS)[number];
export type Fault = StatusFault | (typeof OTHER_FAULTS)[number];

const FAULTS: ReadonlySet<string> = new Set([...STATUS_FAULTS, ...OTHER_FAULTS]);
const STATUSES: ReadonlySet<string> = new Set(STATUS_FAULTS);

export interface Script {
  /** Milliseconds before the status line. */
  latencyMs: number;
  /** Milliseconds between the headers and the first token of a stream. */
  firstTokenMs: number;
  /** Milliseconds between chunks. */
  paceMs: number;
  /** How many text chunks; 0 cuts by `chunkSize`. */
  chunks: number;
  /** Characters in a chunk; 0 cuts at words. */
  chunkSize: number;
  /** Words of the answer. */
  words: number;
  /** Answer with the last user text itself. */
  echo: boolean;
  /** Words of reasoning before the answer; undefined leaves it to the request. */
  reasoningWords: number | undefined;
  /** Tool calls in the answer; undefined is one, where tools are given. */
  calls: number | undefined;
  cachedTokens: number;
  cacheWriteTokens: number;
  retryAfter: string | undefined;
  fault: Fault | undefined;
  /** The fault's number: bytes for `cut`, chunks for the `-mid` faults. */
  faultAt: number | undefined;
}

export function defaultScript(): Script {
  return {
    latencyMs: 0,
    firstTokenMs: 0,
    paceMs: 0,
    chunks: 0,
    chunkSize: 0,
    words: 40,
    echo: false,
    reasoningWords: undefined,
    calls: undefined,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    retryAfter: undefined,
    fault: undefined,
    faultAt: undefined,
  };
}

export function isStatusFault(fault: Fault): fault is StatusFault {
  return STATUSES.has(fault);
}

/** Applies words to a script, in order: later ones win. */
export function applyWords(script: Script, text: string): void {
  for (const word of text.split(/[\s,~]+/)) {
    const [name = '', value = ''] = word.split('=', 2);
    if (name === 'fault') setFault(script, ...split(value));
    else if (FAULTS.has(name)) setFault(script, name, value);
    else setNumber(script, name, value);
  }
}

/** What `model~word~word` says: the words after the first `~`. */
export function wordsOfModel(model: string): string {
  const at = model.indexOf('~');
  return at < 0 ? '' : model.slice(at + 1);
}

const IN_PROMPT = /\[\[sandbox ([^\]]{1,400})\]\]/;

/** What `[[sandbox word word]]` in a prompt says. */
export function wordsOfPrompt(prompt: string): string {
  return IN_PROMPT.exec(prompt)?.[1] ?? '';
}

function split(value: string): [string, string] {
  const [name = '', at = ''] = value.split(':', 2);
  return [name, at];
}

function setFault(script: Script, name: string, at: string): void {
  if (!FAULTS.has(name)) return;
  script.fault = name as Fault;
  script.faultAt = at === '' ? undefined : Number(at);
}

function setNumber(script: Script, name: string, value: string): void {
  const number = Number(value);
  const count = Number.isFinite(number) && number >= 0 ? number : 0;
  switch (name) {
    case 'latency':
      script.latencyMs = count;
      break;
    case 'first':
      script.firstTokenMs = count;
      break;
    case 'pace':
      script.paceMs = count;
      break;
    case 'chunks':
      script.chunks = count;
      break;
    case 'size':
      script.chunkSize = count;
      break;
    case 'words':
      script.words = Math.min(count, 200_000);
      break;
    case 'echo':
      script.echo = true;
      break;
    case 'reasoning':
      script.reasoningWords = count;
      break;
    case 'calls':
      script.calls = count;
      break;
    case 'cached':
      script.cachedTokens = count;
      break;
    case 'cache-write':
      script.cacheWriteTokens = count;
      break;
    case 'retry-after':
      script.retryAfter = value;
      break;
  }
}
