import { Badge, Card, Progress, Title } from '@mantine/core';
import { DataTable } from '../components/data-table.js';
import { QueryView } from '../components/query-view.js';
import { count, usd } from '../format.js';
import { OperatorTierSharesDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

/** What smart groups chose, and what it brought. */
export function TierShares({ days }: { readonly days: number }) {
  const { t } = useLocale();
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('operator.byTier')}
      </Title>
      <QueryView document={OperatorTierSharesDocument} variables={{ days }}>
        {({ tierShares }) => (
          <DataTable
            label={t('operator.byTier')}
            rows={tierShares}
            rowKey={(row) => `${row.group} ${row.tier}`}
            columns={[
              { title: t('operator.group'), render: (row) => row.group },
              { title: t('operator.tier'), render: (row) => <Badge>{row.tier}</Badge> },
              { title: t('column.requests'), numeric: true, render: (row) => count(row.requests) },
              {
                title: t('operator.share'),
                render: (row) => (
                  <>
                    {`${(row.share * 100).toFixed(1)} %`}
                    <Progress value={row.share * 100} size="sm" aria-label={t('operator.share')} />
                  </>
                ),
              },
              { title: t('operator.revenueUsd'), numeric: true, render: (row) => usd(row.revenueUsd) },
              { title: t('operator.costUsd'), numeric: true, render: (row) => usd(row.costUsd) },
              { title: t('operator.marginUsd'), numeric: true, render: (row) => usd(row.marginUsd) },
              { title: t('operator.perRequest'), numeric: true, render: (row) => usd(row.revenuePerRequestUsd) },
            ]}
          />
        )}
      </QueryView>
    </Card>
  );
}
