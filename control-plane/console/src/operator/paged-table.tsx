import type { ReactNode } from 'react';
import type { TypedDocumentNode } from 'urql';
import { type Column, DataTable } from '../components/data-table.js';
import { Failed, Loading } from '../components/states.js';
import { usePages } from '../use-pages.js';

interface Connection<Row> {
  readonly edges: readonly { readonly node: Row }[];
  readonly pageInfo: { readonly endCursor?: string | null; readonly hasNextPage: boolean };
}

/** A list of the operator's: pages by cursor, asks for what is new, and says when it loads, fails or is empty. */
export function PagedTable<Data, Variables extends object, Row extends { readonly id: string }>({
  document,
  variables,
  select,
  pollMs,
  label,
  minWidth = 720,
  columns,
}: {
  readonly document: TypedDocumentNode<Data, Variables>;
  readonly variables: Variables;
  readonly select: (data: Data) => Connection<Row>;
  readonly pollMs?: number;
  readonly label: string;
  readonly minWidth?: number;
  /** `refresh` asks for the first page anew, after a change. */
  readonly columns: (refresh: () => void) => readonly Column<Row>[];
}): ReactNode {
  const { data, rows, error, loadMore, refresh } = usePages<Data, Variables, Row>(document, variables, select, pollMs);
  if (error) return <Failed message={error} onRetry={refresh} />;
  if (!data && rows.length === 0) return <Loading />;
  return (
    <DataTable<Row> label={label} rows={rows} rowKey={(row) => row.id} onMore={loadMore} minWidth={minWidth} columns={columns(refresh)} />
  );
}
