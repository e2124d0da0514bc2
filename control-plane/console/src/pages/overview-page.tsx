import { Anchor, Card, SimpleGrid, Title } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { Link } from 'react-router';
import { DataTable } from '../components/data-table.js';
import { FigureCard } from '../components/figure-card.js';
import { FirstSteps } from '../components/first-steps.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { Loading } from '../components/states.js';
import { count, milliseconds, usd } from '../format.js';
import { OverviewDocument, type OverviewQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { type ModelUsage, medianFirstTokenMs, spentIn, usageByModel } from '../overview-figures.js';

const OverviewCharts = lazy(() => import('../components/overview-charts.js'));

/** Reaches back to the first of any month, so that "this month" is whole. */
const DAYS = 30;
const POLL_MS = 15_000;
const MODELS_LISTED = 20;

export default function OverviewPage() {
  const { t } = useLocale();
  const from = useMemo(() => new Date(Date.now() - DAYS * 24 * 3600 * 1000).toISOString(), []);
  return (
    <Page title={t('nav.overview')} hint={t('overview.hint')}>
      <QueryView document={OverviewDocument} variables={{ from }} pollMs={POLL_MS}>
        {(data) => <Overview data={data} />}
      </QueryView>
    </Page>
  );
}

function Overview({ data }: { readonly data: OverviewQuery }) {
  const { t } = useLocale();
  const { rows, totals } = data.usage;
  const today = new Date().toISOString().slice(0, 'YYYY-MM-DD'.length);
  // Stays when the first request arrives, so that its arrival is seen.
  const [isNew] = useState(data.requests.edges.length === 0);
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <FigureCard
          name={t('overview.balance')}
          value={usd(data.wallet.balanceUsd)}
          note={t('overview.leased', { amount: usd(data.wallet.leasedUsd) })}
        />
        <FigureCard
          name={t('overview.spentToday')}
          value={usd(spentIn(rows, today))}
          note={t('overview.spentMonth', { amount: usd(spentIn(rows, today.slice(0, 'YYYY-MM'.length))) })}
        />
        <FigureCard
          name={t('overview.requests')}
          value={count(totals.requests)}
          note={t('overview.errors', { count: count(totals.errors) })}
        />
        <FigureCard
          name={t('requests.firstToken')}
          value={milliseconds(medianFirstTokenMs(data.requests))}
          note={t('overview.median', { count: data.requests.edges.length })}
        />
      </SimpleGrid>
      {isNew ? <FirstSteps /> : null}
      {rows.length > 0 ? (
        <Suspense fallback={<Loading />}>
          <OverviewCharts rows={rows} days={DAYS} />
        </Suspense>
      ) : null}
      {isNew ? null : (
        <Card withBorder>
          <Title order={2} size="h4" mb="sm">
            {t('overview.byModel')}
          </Title>
          <DataTable<ModelUsage>
            label={t('overview.byModel')}
            rows={usageByModel(rows, MODELS_LISTED)}
            rowKey={(row) => row.model}
            columns={[
              {
                title: t('column.model'),
                render: (row) => (
                  <Anchor component={Link} to={`/requests?model=${encodeURIComponent(row.model)}`} size="sm">
                    {row.model}
                  </Anchor>
                ),
              },
              { title: t('column.requests'), numeric: true, render: (row) => count(row.requests) },
              { title: t('overview.errorsColumn'), numeric: true, render: (row) => count(row.errors) },
              { title: t('column.tokens'), numeric: true, render: (row) => count(row.tokens) },
              { title: t('column.cost'), numeric: true, render: (row) => usd(row.costUsd) },
            ]}
          />
        </Card>
      )}
    </>
  );
}
