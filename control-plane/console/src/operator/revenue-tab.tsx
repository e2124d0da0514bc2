import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { Badge, Card, NativeSelect, SimpleGrid, Stack, Title } from '@mantine/core';
import { useMemo, useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { FigureCard } from '../components/figure-card.js';
import { QueryView } from '../components/query-view.js';
import { count, usd } from '../format.js';
import { OperatorRevenueDocument, type OperatorRevenueQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { TierShares } from './tier-shares.js';

const DAY_MS = 24 * 3600 * 1000;
const SPANS = [7, 30, 90];

interface Row {
  readonly name: string;
  readonly requests: number;
  readonly errors: number;
  readonly tokens: number;
  readonly revenueUsd: string;
  readonly costUsd: string;
  readonly marginUsd: string;
}

export default function RevenueTab() {
  const { t } = useLocale();
  const [days, setDays] = useState(30);
  const from = useMemo(() => new Date(Date.now() - (days - 1) * DAY_MS).toISOString(), [days]);
  return (
    <Stack>
      <NativeSelect
        label={t('operator.span')}
        value={days}
        onChange={(event) => setDays(Number(event.currentTarget.value))}
        data={SPANS.map((span) => ({ value: String(span), label: t('operator.lastDays', { days: span }) }))}
        maw={240}
      />
      <QueryView document={OperatorRevenueDocument} variables={{ from }}>
        {(data) => <Revenue data={data} />}
      </QueryView>
      <TierShares days={days} />
    </Stack>
  );
}

function Revenue({ data }: { readonly data: OperatorRevenueQuery }) {
  const { t } = useLocale();
  const total = (pick: 'revenueUsd' | 'costUsd' | 'marginUsd' | 'platformLossUsd') => sumUsd(data.days.map((day) => day[pick]));
  const requests = data.days.reduce((sum, day) => sum + day.requests, 0);
  const errors = data.days.reduce((sum, day) => sum + day.errors, 0);
  const byMargin = (rows: readonly Row[]) => [...rows].sort((left, right) => Number(right.revenueUsd) - Number(left.revenueUsd));
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <FigureCard name={t('operator.revenue')} value={rounded(total('revenueUsd'))} />
        <FigureCard name={t('operator.cost')} value={rounded(total('costUsd'))} note={t('operator.costNote')} />
        <FigureCard
          name={t('operator.margin')}
          value={rounded(total('marginUsd'))}
          note={t('operator.loss', { amount: rounded(total('platformLossUsd')) })}
        />
        <FigureCard name={t('overview.requests')} value={count(requests)} note={t('overview.errors', { count: count(errors) })} />
      </SimpleGrid>
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('operator.byDay')}
        </Title>
        <BarChart
          h={240}
          data={data.days.map((day) => ({ date: day.date, revenue: Number(day.revenueUsd), cost: Number(day.costUsd) }))}
          dataKey="date"
          withLegend
          maxBarWidth={40}
          yAxisProps={{ width: 84 }}
          valueFormatter={(value) => rounded(String(value))}
          series={[
            { name: 'revenue', label: t('operator.revenueUsd'), color: 'blue.6' },
            { name: 'cost', label: t('operator.costUsd'), color: 'gray.6' },
          ]}
        />
      </Card>
      <Summary title={t('operator.byVendor')} rows={byMargin(data.vendors.map((row) => ({ ...row, name: row.vendor ?? '–' })))} />
      <Summary title={t('operator.byModel')} rows={byMargin(data.models.map((row) => ({ ...row, name: row.model ?? '–' })))} />
    </>
  );
}

/** The rows that earn most; a catalogue has hundreds of models. */
const SHOWN = 25;

function Summary({ title, rows }: { readonly title: string; readonly rows: readonly Row[] }) {
  const { t } = useLocale();
  const [shown, setShown] = useState(SHOWN);
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      <DataTable<Row>
        label={title}
        rows={rows.slice(0, shown)}
        rowKey={(row) => row.name}
        onMore={rows.length > shown ? () => setShown(shown + SHOWN) : undefined}
        columns={[
          { title: t('column.name'), render: (row) => row.name },
          { title: t('column.requests'), numeric: true, render: (row) => count(row.requests) },
          { title: t('operator.errors'), numeric: true, render: (row) => count(row.errors) },
          { title: t('column.tokens'), numeric: true, render: (row) => count(row.tokens) },
          { title: t('operator.revenueUsd'), numeric: true, render: (row) => rounded(row.revenueUsd) },
          { title: t('operator.costUsd'), numeric: true, render: (row) => rounded(row.costUsd) },
          { title: t('operator.marginUsd'), numeric: true, render: (row) => rounded(row.marginUsd) },
          { title: t('operator.marginShare'), numeric: true, render: (row) => <MarginShare row={row} /> },
        ]}
      />
    </Card>
  );
}

function MarginShare({ row }: { readonly row: Row }) {
  const revenue = Number(row.revenueUsd);
  if (revenue === 0) return '–';
  const share = Number(row.marginUsd) / revenue;
  const text = `${(share * 100).toFixed(1)} %`;
  return share < 0 ? <Badge color="red">{text}</Badge> : text;
}

/** Exact: nano-dollars as bigint. */
function sumUsd(amounts: readonly string[]): string {
  const nano = amounts.reduce((sum, amount) => {
    const [whole = '0', fraction = ''] = amount.replace('-', '').split('.');
    const value = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
    return amount.startsWith('-') ? sum - value : sum + value;
  }, 0n);
  const size = nano < 0n ? -nano : nano;
  return `${nano < 0n ? '-' : ''}${size / 1_000_000_000n}.${(size % 1_000_000_000n).toString().padStart(9, '0')}`;
}

/** A sum of many requests is read in cents; below a cent all places count. */
function rounded(amount: string): string {
  const value = Number(amount);
  return Math.abs(value) >= 0.01 || value === 0 ? usd(value.toFixed(2)) : usd(amount);
}
