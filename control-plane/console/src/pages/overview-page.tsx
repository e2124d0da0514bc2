import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { Card, SimpleGrid, Text, Title } from '@mantine/core';
import { useMemo } from 'react';
import { DataTable } from '../components/data-table.js';
import { FigureCard } from '../components/figure-card.js';
import { FirstSteps } from '../components/first-steps.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { count, usd } from '../format.js';
import { OverviewDocument, type OverviewQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

const DAYS = 30;
const POLL_MS = 15_000;

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
  const today = new Date().toISOString().slice(0, 10);
  const models = byModel(rows);
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <FigureCard
          name={t('overview.balance')}
          value={usd(data.wallet.balanceUsd)}
          note={t('overview.leased', { amount: usd(data.wallet.leasedUsd) })}
        />
        <FigureCard name={t('overview.spent')} value={usd(totals.costUsd)} note={t('overview.days', { days: DAYS })} />
        <FigureCard
          name={t('overview.requests')}
          value={count(totals.requests)}
          note={t('overview.errors', { count: count(totals.errors) })}
        />
        <FigureCard
          name={t('overview.today')}
          value={count(rows.filter((row) => row.date === today).reduce((sum, row) => sum + row.requests, 0))}
          note={t('overview.tokens', { count: count(totals.promptTokens + totals.completionTokens) })}
        />
      </SimpleGrid>
      {totals.requests === 0 ? <FirstSteps /> : null}
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('overview.byDay')}
        </Title>
        <BarChart
          h={220}
          data={byDay(rows)}
          dataKey="date"
          series={[{ name: 'requests', label: t('overview.requests'), color: 'blue.6' }]}
        />
      </Card>
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('overview.byModel')}
        </Title>
        <DataTable
          label={t('overview.byModel')}
          rows={models}
          rowKey={(row) => row.model}
          columns={[
            { title: t('column.model'), render: (row) => row.model },
            { title: t('column.requests'), numeric: true, render: (row) => count(row.requests) },
            { title: t('column.tokens'), numeric: true, render: (row) => count(row.tokens) },
          ]}
        />
        <Text size="xs" c="dimmed" mt="xs">
          {t('overview.costIn')}
        </Text>
      </Card>
    </>
  );
}

type Rows = OverviewQuery['usage']['rows'];

function byDay(rows: Rows): { date: string; requests: number }[] {
  const days = new Map<string, number>();
  for (const row of rows) if (row.date) days.set(row.date, (days.get(row.date) ?? 0) + row.requests);
  return [...days].sort().map(([date, requests]) => ({ date, requests }));
}

function byModel(rows: Rows): { model: string; requests: number; tokens: number }[] {
  const models = new Map<string, { model: string; requests: number; tokens: number }>();
  for (const row of rows) {
    const model = row.model ?? '–';
    const known = models.get(model) ?? { model, requests: 0, tokens: 0 };
    known.requests += row.requests;
    known.tokens += row.promptTokens + row.completionTokens;
    models.set(model, known);
  }
  return [...models.values()].sort((left, right) => right.requests - left.requests).slice(0, 20);
}
