import { Badge, Button, Card, Code, Group, Radio, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { QueryView } from '../components/query-view.js';
import { Empty } from '../components/states.js';
import { count, moment } from '../format.js';
import {
  OperatorRevisionDiffDocument,
  OperatorRevisionsDocument,
  type OperatorRevisionsQuery,
  RollBackCatalogDocument,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { FormModal } from './form-modal.js';
import { PagedTable } from './paged-table.js';

type Revision = OperatorRevisionsQuery['revisions']['edges'][number]['node'] & { readonly id: string };

/** What was published, what two revisions differ in, and the way back. */
export default function RevisionsTab() {
  const { t } = useLocale();
  const [from, setFrom] = useState<number | null>(null);
  const [to, setTo] = useState<number | null>(null);
  const [rollingBack, setRollingBack] = useState<number | null>(null);
  const rollBack = useAction(RollBackCatalogDocument);
  const [version, setVersion] = useState(0);
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('operator.chooseTwo')}
      </Text>
      {from !== null && to !== null ? <Difference from={from} to={to} /> : null}
      <FormModal
        title={t('operator.rollBackTo', { revision: rollingBack ?? 0 })}
        opened={rollingBack !== null}
        onClose={() => setRollingBack(null)}
        submit={t('operator.rollBack')}
        busy={rollBack.busy}
        danger
        hint={t('operator.rollBackHint')}
        onSubmit={async () => {
          const answer = rollingBack === null ? null : await rollBack.run({ revision: rollingBack });
          if (answer) setVersion(version + 1);
          return answer !== null;
        }}
      />
      <PagedTable
        key={version}
        document={OperatorRevisionsDocument}
        variables={{ first: 20 }}
        select={withIds}
        pollMs={5_000}
        label={t('operator.revisions')}
        minWidth={960}
        columns={() => [
          {
            title: t('operator.from'),
            render: (row: Revision) => (
              <Radio
                name="from"
                checked={from === row.revision}
                onChange={() => setFrom(row.revision)}
                aria-label={`${t('operator.from')} ${row.revision}`}
              />
            ),
          },
          {
            title: t('operator.to'),
            render: (row: Revision) => (
              <Radio
                name="to"
                checked={to === row.revision}
                onChange={() => setTo(row.revision)}
                aria-label={`${t('operator.to')} ${row.revision}`}
              />
            ),
          },
          { title: t('operator.revision'), numeric: true, render: (row: Revision) => row.revision },
          { title: t('column.time'), render: (row: Revision) => moment(row.publishedAt) },
          { title: t('operator.changed'), render: (row: Revision) => <Changes row={row} /> },
          { title: t('operator.appliedBy'), numeric: true, render: (row: Revision) => count(row.appliedBy) },
          { title: t('nav.keys'), numeric: true, render: (row: Revision) => count(row.keyCount) },
          {
            title: t('column.actions'),
            render: (row: Revision) => (
              <Button size="compact-xs" variant="default" onClick={() => setRollingBack(row.revision)}>
                {t('operator.rollBack')}
              </Button>
            ),
          },
        ]}
      />
    </Stack>
  );
}

function withIds(data: OperatorRevisionsQuery) {
  const { edges, pageInfo } = data.revisions;
  return { pageInfo, edges: edges.map(({ node }) => ({ node: { ...node, id: String(node.revision) } })) };
}

const SHOWN_CHANGES = 3;

function Changes({ row }: { readonly row: Revision }) {
  const { t } = useLocale();
  const shown = row.changes.slice(0, SHOWN_CHANGES).map((change) => `${change.subjectType} ${change.subjectId}`);
  const more = row.changes.length - shown.length;
  return (
    <Text size="sm" maw={360} style={{ overflowWrap: 'anywhere' }}>
      {row.problems.length > 0 ? `${t('operator.problems')}: ${row.problems.join('; ')}. ` : null}
      {shown.join(', ') || '–'}
      {more > 0 ? ` ${t('operator.andMore', { count: more })}` : ''}
    </Text>
  );
}

function Difference({ from, to }: { readonly from: number; readonly to: number }) {
  const { t } = useLocale();
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('operator.differences', { from, to })}
      </Title>
      <QueryView document={OperatorRevisionDiffDocument} variables={{ from, to }}>
        {({ revisionDiff }) =>
          revisionDiff.length === 0 ? (
            <Empty>{t('operator.same')}</Empty>
          ) : (
            <DataTable
              label={t('operator.differences', { from, to })}
              rows={revisionDiff}
              rowKey={(row) => `${row.part} ${row.id}`}
              columns={[
                {
                  title: t('operator.subject'),
                  render: (row) => (
                    <Group gap={4}>
                      <Badge>{row.part}</Badge>
                      {row.id}
                    </Group>
                  ),
                },
                {
                  title: t('operator.changed'),
                  render: (row) => (
                    <Code block fz="xs">
                      {describeDifference(row.before, row.after)}
                    </Code>
                  ),
                },
              ]}
            />
          )
        }
      </QueryView>
    </Card>
  );
}

/** One line for each member that differs: `price.rates.output: "1" → "2"`. */
function describeDifference(before: unknown, after: unknown): string {
  const lines: string[] = [];
  const walk = (left: unknown, right: unknown, path: string): void => {
    if (isRecord(left) && isRecord(right)) {
      for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) walk(left[key], right[key], path ? `${path}.${key}` : key);
      return;
    }
    const [old, fresh] = [JSON.stringify(left), JSON.stringify(right)];
    if (old !== fresh) lines.push(`${path ? `${path}: ` : ''}${shorten(old)} → ${shorten(fresh)}`);
  };
  walk(before, after, '');
  return lines.join('\n');
}

function shorten(text: string | undefined): string {
  if (text === undefined || text === 'null') return '–';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
