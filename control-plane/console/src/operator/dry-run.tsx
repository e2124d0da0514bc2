import { Alert, Badge, Button, Card, Group, Stack, Text, Textarea, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useClient } from 'urql';
import { DataTable } from '../components/data-table.js';
import { Failed } from '../components/states.js';
import { count, milliseconds, usd } from '../format.js';
import { ExplainRouteDocument, type ExplainRouteQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

type Explanation = ExplainRouteQuery['explainRoute'];
const EXAMPLE = JSON.stringify(
  { model: 'ama/smart-code', messages: [{ role: 'user', content: 'Write a function that merges overlapping intervals.' }] },
  null,
  2,
);

/** A pasted request, planned by a live node: what it would choose, in which order, and what it leaves out and why. */
export function DryRun() {
  const { t } = useLocale();
  const client = useClient();
  const [body, setBody] = useState(EXAMPLE);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [explanation, setExplanation] = useState<Explanation | null>(null);

  async function explain(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const variables = { input: { request: body } };
    const { data, error } = await client.query(ExplainRouteDocument, variables, { requestPolicy: 'network-only' }).toPromise();
    setProblem(error ? (error.graphQLErrors[0]?.message ?? error.message) : null);
    setExplanation(data?.explainRoute ?? null);
    setBusy(false);
  }
  return (
    <Card withBorder>
      <Title order={2} size="h4">
        {t('operator.dryRun')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('operator.dryRunHint')}
      </Text>
      <form onSubmit={(event) => void explain(event)}>
        <Stack gap="sm" align="flex-start">
          <Textarea
            label={t('operator.dryRunBody')}
            value={body}
            onChange={(event) => setBody(event.currentTarget.value)}
            error={isJson(body) ? null : t('operator.notJson')}
            autosize
            minRows={4}
            maxRows={14}
            w="100%"
            styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          />
          <Button type="submit" loading={busy} disabled={!isJson(body)}>
            {t('operator.dryRunRun')}
          </Button>
        </Stack>
      </form>
      {problem ? <Failed message={problem} /> : null}
      {explanation ? <Outcome explanation={explanation} /> : null}
    </Card>
  );
}

function Outcome({ explanation }: { readonly explanation: Explanation }) {
  const { t } = useLocale();
  const { complexity, candidates, excluded, refusal, reason, tier, inputTokens, outputTokens, ceilingUsd } = explanation;
  return (
    <Stack mt="md" gap="sm" aria-live="polite">
      {refusal ? (
        <Alert color="orange">{t('operator.refusedRoute', { reason: refusal })}</Alert>
      ) : (
        <Group gap="xs">
          {tier ? <Badge>{tier}</Badge> : null}
          <Text size="sm">
            {t('operator.chosen', { node: explanation.nodeId, revision: explanation.revision ?? '–', reason: reason ?? '–' })}
          </Text>
        </Group>
      )}
      {complexity ? (
        <Text size="sm">
          {t('operator.complexity', {
            score: complexity.score.toFixed(2),
            standard: complexity.standardFrom,
            frontier: complexity.frontierFrom,
          })}
        </Text>
      ) : null}
      {inputTokens !== null && inputTokens !== undefined ? (
        <Text size="sm">
          {t('operator.estimate', { input: count(inputTokens), output: count(outputTokens ?? 0), ceiling: usd(ceilingUsd ?? '0') })}
        </Text>
      ) : null}
      {candidates.length > 0 ? (
        <DataTable
          label={t('operator.candidates')}
          rows={candidates}
          rowKey={(row) => row.endpoint}
          columns={[
            { title: t('operator.candidates'), render: (row) => row.model },
            { title: t('column.vendor'), render: (row) => row.vendor },
            { title: t('operator.expectedCost'), numeric: true, render: (row) => usd(row.estimatedCostUsd) },
            { title: t('operator.ceiling'), numeric: true, render: (row) => usd(row.ceilingUsd) },
            { title: t('operator.successRate'), numeric: true, render: (row) => `${(row.health.successRate * 100).toFixed(1)} %` },
            { title: t('requests.firstToken'), numeric: true, render: (row) => milliseconds(row.health.firstTokenMs) },
          ]}
        />
      ) : null}
      {excluded.length > 0 ? (
        <details>
          <summary>{t('operator.excluded', { count: excluded.length })}</summary>
          {excluded.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list is shown once and never reordered
            <Text key={index} size="sm">
              {[row.model, row.vendor].filter(Boolean).join(' @ ')}: {row.reason}
            </Text>
          ))}
        </details>
      ) : null}
    </Stack>
  );
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
