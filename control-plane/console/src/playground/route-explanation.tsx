import { Alert, Card, Stack, Text, Title } from '@mantine/core';
import { DataTable } from '../components/data-table.js';
import { count, usd } from '../format.js';
import { useLocale } from '../messages/locale.js';

/** `routing.explanation`, as far as it is shown. */
export interface Explanation {
  readonly reason?: string;
  readonly tier?: string | null;
  readonly candidates: readonly { readonly model: string; readonly vendor: string; readonly estimated_cost_usd?: string }[];
  readonly excluded: readonly { readonly model: string; readonly vendor?: string | null; readonly reason: string }[];
}

const SHOWN = 30;

/** What planning would do with this prompt, before anything is sent or paid. */
export function RouteExplanation({ explanation }: { readonly explanation: Explanation }) {
  const { t } = useLocale();
  const { candidates, excluded } = explanation;
  return (
    <Card withBorder>
      <Stack>
        <Title order={2} size="h4">
          {t('playground.explained')}
        </Title>
        {explanation.reason ? <Alert>{explanation.reason}</Alert> : null}
        <DataTable
          label={t('playground.explained')}
          rows={candidates.slice(0, SHOWN).map((candidate, index) => ({ ...candidate, index }))}
          rowKey={(row) => String(row.index)}
          columns={[
            { title: '#', numeric: true, render: (row) => row.index + 1 },
            { title: t('column.model'), render: (row) => row.model },
            { title: t('column.vendor'), render: (row) => row.vendor },
            {
              title: t('playground.estimated'),
              numeric: true,
              render: (row) => (row.estimated_cost_usd === undefined ? '–' : usd(row.estimated_cost_usd)),
            },
          ]}
        />
        <Text size="sm" c="dimmed">
          {t('playground.counts', { candidates: count(candidates.length), excluded: count(excluded.length) })}
        </Text>
        {excluded.length > 0 ? (
          <DataTable
            label={t('requests.excluded')}
            rows={excluded.slice(0, SHOWN).map((row, index) => ({ ...row, index }))}
            rowKey={(row) => String(row.index)}
            columns={[
              { title: t('requests.excluded'), render: (row) => row.model },
              { title: t('column.vendor'), render: (row) => row.vendor ?? '–' },
              { title: t('column.reason'), render: (row) => row.reason },
            ]}
          />
        ) : null}
      </Stack>
    </Card>
  );
}
