import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { Card, SimpleGrid, Title } from '@mantine/core';
import { count, usd } from '../format.js';
import type { OverviewQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { dailyRequests, dailySpend, lastDates } from '../overview-figures.js';

const COLORS = ['blue.6', 'teal.6', 'orange.6', 'grape.6', 'pink.6', 'gray.5'];
const HEIGHT = 220;

/** By day: what was spent, by model, and how many requests. A module of its own, since the chart library is the heaviest part. */
export default function OverviewCharts({ rows, days }: { readonly rows: OverviewQuery['usage']['rows']; readonly days: number }) {
  const { t } = useLocale();
  const dates = lastDates(new Date(), days);
  const spend = dailySpend(rows, dates, t('overview.others'));
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('overview.spendByDay')}
        </Title>
        <BarChart
          h={HEIGHT}
          data={spend.days}
          dataKey="date"
          xAxisProps={{ tickFormatter: (date: string) => date.slice('YYYY-'.length), minTickGap: 24 }}
          type="stacked"
          valueFormatter={(value) => usd(value.toFixed(9))}
          series={spend.series.map((name, index) => ({ name, color: COLORS[index] ?? 'gray.5' }))}
          yAxisProps={{ width: 90 }}
        />
      </Card>
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('overview.byDay')}
        </Title>
        <BarChart
          h={HEIGHT}
          data={dailyRequests(rows, dates)}
          dataKey="date"
          xAxisProps={{ tickFormatter: (date: string) => date.slice('YYYY-'.length), minTickGap: 24 }}
          valueFormatter={count}
          series={[{ name: 'requests', label: t('overview.requests'), color: 'blue.6' }]}
          yAxisProps={{ width: 70, allowDecimals: false }}
        />
      </Card>
    </SimpleGrid>
  );
}
