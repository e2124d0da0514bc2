import { type ReactNode, useEffect, useRef } from 'react';
import type { AnyVariables, TypedDocumentNode } from 'urql';
import { useQuery } from 'urql';
import { Failed, Loading } from './states.js';

/** One query and its three faces: loading, failed (with a way to try again), and what was asked for. */
export function QueryView<Data, Variables extends AnyVariables>({
  document,
  variables,
  pollMs,
  children,
}: {
  readonly document: TypedDocumentNode<Data, Variables>;
  readonly variables: Variables;
  readonly pollMs?: number;
  readonly children: (data: Data, refresh: () => void) => ReactNode;
}) {
  const [{ data, error, fetching }, execute] = useQuery<Data, Variables>({ query: document, variables } as Parameters<
    typeof useQuery<Data, Variables>
  >[0]);
  const refresh = () => execute({ requestPolicy: 'network-only' });
  usePolling(refresh, pollMs);
  if (data) return <>{children(data, refresh)}</>;
  if (error) return <Failed message={error.graphQLErrors[0]?.message ?? error.message} onRetry={refresh} />;
  return fetching ? <Loading /> : null;
}

function usePolling(refresh: () => void, everyMs: number | undefined): void {
  const latest = useRef(refresh);
  latest.current = refresh;
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => latest.current(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}
