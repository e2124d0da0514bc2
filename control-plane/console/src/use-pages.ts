import { useCallback, useEffect, useRef, useState } from 'react';
import type { TypedDocumentNode } from 'urql';
import { useClient, useQuery } from 'urql';

interface Connection<Node> {
  readonly edges: readonly { readonly node: Node }[];
  readonly pageInfo: { readonly endCursor?: string | null; readonly hasNextPage: boolean };
}

interface Pages<Data, Node> {
  /** Of the first page. */
  readonly data: Data | undefined;
  readonly rows: readonly Node[];
  readonly error: string | undefined;
  /** Undefined when all are shown. */
  readonly loadMore: (() => void) | undefined;
  readonly refresh: () => void;
}

/**
 * A list that pages by cursor and whose first page is asked for again and again: what is new comes on top, what was loaded stays.
 * When more arrived meanwhile than a page holds, the list begins anew, so that it never has a gap. `variables` without `after`.
 */
export function usePages<Data, Variables extends object, Node extends { readonly id: string }>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  select: (data: Data) => Connection<Node>,
  pollMs?: number,
): Pages<Data, Node> {
  const client = useClient();
  const [{ data: newest, error, operation }, execute] = useQuery<Data, Variables>({ query: document, variables } as Parameters<
    typeof useQuery<Data, Variables>
  >[0]);
  const [rows, setRows] = useState<readonly Node[]>([]);
  const [tail, setTail] = useState<Connection<Node>['pageInfo'] | undefined>(undefined);
  const question = JSON.stringify(variables);
  const shown = useRef({ question, rows });
  const selected = useRef(select);
  selected.current = select;
  // While other variables are asked for, urql goes on showing the answer to the old ones.
  const data = JSON.stringify(operation?.variables) === question ? newest : undefined;

  useEffect(() => {
    if (!data) return;
    const first = selected.current(data).edges.map((edge) => edge.node);
    const merged = mergeOnTop(first, shown.current.question === question ? shown.current.rows : []);
    if (!merged.continues) setTail(undefined);
    shown.current = { question, rows: merged.rows };
    setRows(merged.rows);
  }, [data, question]);

  const refresh = useCallback(() => execute({ requestPolicy: 'network-only' }), [execute]);
  useEffect(() => {
    if (pollMs === undefined) return;
    const timer = setInterval(refresh, pollMs);
    return () => clearInterval(timer);
  }, [pollMs, refresh]);

  const last = tail ?? (data ? select(data).pageInfo : undefined);
  async function loadMore(): Promise<void> {
    const page = await client.query(document, { ...variables, after: last?.endCursor } as Variables & object).toPromise();
    if (!page.data || shown.current.question !== question) return;
    const { edges, pageInfo } = select(page.data);
    shown.current = { question, rows: [...shown.current.rows, ...edges.map((edge) => edge.node)] };
    setRows(shown.current.rows);
    setTail(pageInfo);
  }
  return {
    data,
    rows,
    error: data ? undefined : (error?.graphQLErrors[0]?.message ?? error?.message),
    loadMore: last?.hasNextPage ? () => void loadMore() : undefined,
    refresh,
  };
}

/** `continues`: the fresh page meets what is known, so rows that were loaded below it can stay. */
function mergeOnTop<Node extends { readonly id: string }>(
  fresh: readonly Node[],
  known: readonly Node[],
): { readonly rows: readonly Node[]; readonly continues: boolean } {
  const ids = new Set(fresh.map((node) => node.id));
  const below = known.findLastIndex((node) => ids.has(node.id));
  return below < 0 ? { rows: fresh, continues: false } : { rows: [...fresh, ...known.slice(below + 1)], continues: true };
}
