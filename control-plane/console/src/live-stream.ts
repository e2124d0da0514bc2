/**
 * Subscriptions over Server-Sent Events (`/graphql/stream`). Each event is the whole value, so a stream that broke is simply opened again;
 * while none is open, whoever asked falls back on polling. A refusal (no session, no permission, too many) is not tried again.
 */
import { useEffect, useState } from 'react';
import { type AnyVariables, stringifyDocument, type TypedDocumentNode } from 'urql';
import { authorizedFetch } from './graphql-client.js';

const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

/** `live` says whether `data` follows the server right now: poll while it does not. */
export function useLive<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): { readonly data: Data | undefined; readonly live: boolean } {
  const [state, setState] = useState<{ data: Data | undefined; live: boolean }>({ data: undefined, live: false });
  const question = JSON.stringify(variables);
  useEffect(() => {
    const closing = new AbortController();
    const body = JSON.stringify({ query: stringifyDocument(document), variables: JSON.parse(question) });
    void keepOpen(body, closing.signal, (data: Data | undefined) =>
      setState((before) => (data === undefined ? { data: before.data, live: false } : { data, live: true })),
    );
    return () => closing.abort();
  }, [document, question]);
  return state;
}

/** `onData(undefined)`: the stream is gone for now. */
async function keepOpen<Data>(body: string, signal: AbortSignal, onData: (data: Data | undefined) => void): Promise<void> {
  let waitMs = RETRY_MS;
  while (!signal.aborted) {
    try {
      const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
      const response = await authorizedFetch('/graphql/stream', { method: 'POST', headers, body, signal });
      if (response.status >= 400 && response.status < 500) return;
      if (response.ok && response.body) {
        waitMs = RETRY_MS;
        await readEvents(response.body, onData);
      }
    } catch {
      // Cut off, or closed by us: the loop decides.
    }
    if (signal.aborted) return;
    onData(undefined);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS);
  }
}

async function readEvents<Data>(body: ReadableStream<Uint8Array>, onData: (data: Data) => void): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for (const reader = body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^event: next\ndata: (.*)$/.exec(block)?.[1];
      const result: { data?: Data | null } = data === undefined ? {} : JSON.parse(data);
      if (result.data) onData(result.data);
    }
  }
}
