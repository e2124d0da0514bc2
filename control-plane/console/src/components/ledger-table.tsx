import { Anchor, Text } from '@mantine/core';
import { Link } from 'react-router';
import { moment, usd } from '../format.js';
import type { LedgerQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { DataTable } from './data-table.js';

type Line = LedgerQuery['ledger']['edges'][number]['node'];

/** Ledger lines; a usage line leads to its request's whole story. */
export function LedgerTable({ lines, onMore }: { readonly lines: readonly Line[]; readonly onMore?: (() => void) | undefined }) {
  const { t } = useLocale();
  return (
    <DataTable<Line>
      label={t('credits.ledger')}
      rows={lines}
      rowKey={(line) => line.id}
      onMore={onMore}
      columns={[
        { title: t('column.time'), render: (line) => moment(line.createdAt) },
        { title: t('column.kind'), render: (line) => line.kind },
        { title: t('column.reason'), render: (line) => line.reason },
        {
          title: t('column.reference'),
          render: (line) =>
            line.kind === 'usage' ? (
              <Anchor component={Link} to={`/requests/${line.reference}`} size="sm" ff="monospace">
                {line.reference.slice(0, 13)}…
              </Anchor>
            ) : (
              <Text size="sm" maw={260} style={{ overflowWrap: 'anywhere' }}>
                {line.reference}
              </Text>
            ),
        },
        { title: t('column.amount'), numeric: true, render: (line) => usd(line.amountUsd) },
        { title: t('column.balance'), numeric: true, render: (line) => usd(line.balanceAfterUsd) },
      ]}
    />
  );
}
