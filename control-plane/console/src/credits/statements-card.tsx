import { Button, Card, Group, Select, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useClient } from 'urql';
import { download } from '../download.js';
import { StatementCsvDocument, StatementPdfDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

const MONTHS = 12;

/** A month of the ledger as a file. Months are UTC, as everywhere. */
export function StatementsCard() {
  const { t } = useLocale();
  const client = useClient();
  const months = lastMonths(new Date(), MONTHS);
  const [month, setMonth] = useState(months[0] ?? '');
  const [busy, setBusy] = useState<'csv' | 'pdf' | null>(null);

  async function fetchFile(kind: 'csv' | 'pdf'): Promise<void> {
    setBusy(kind);
    const name = `statement-${month}.${kind}`;
    const problem = kind === 'csv' ? await fetchCsv(name) : await fetchPdf(name);
    setBusy(null);
    if (problem) notifications.show({ color: 'red', message: problem });
  }
  async function fetchCsv(name: string): Promise<string | undefined> {
    const { data, error } = await client.query(StatementCsvDocument, { month }, { requestPolicy: 'network-only' }).toPromise();
    if (data) download(name, 'text/csv', { text: data.statement.csv });
    return error?.message;
  }
  async function fetchPdf(name: string): Promise<string | undefined> {
    const { data, error } = await client.query(StatementPdfDocument, { month }, { requestPolicy: 'network-only' }).toPromise();
    if (data) download(name, 'application/pdf', { base64: data.statement.pdf });
    return error?.message;
  }

  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        {t('credits.statements')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('credits.statementsHint')}
      </Text>
      <Group align="flex-end">
        <Select
          label={t('credits.month')}
          data={months}
          value={month}
          onChange={(value) => setMonth(value ?? month)}
          allowDeselect={false}
          w={140}
        />
        <Button variant="default" loading={busy === 'csv'} onClick={() => void fetchFile('csv')}>
          CSV
        </Button>
        <Button variant="default" loading={busy === 'pdf'} onClick={() => void fetchFile('pdf')}>
          PDF
        </Button>
      </Group>
    </Card>
  );
}

/** `YYYY-MM`, this month first. */
function lastMonths(now: Date, amount: number): string[] {
  return Array.from({ length: amount }, (_, index) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - index, 1)).toISOString().slice(0, 'YYYY-MM'.length),
  );
}
