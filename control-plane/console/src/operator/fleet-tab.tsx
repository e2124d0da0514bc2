import { Badge, Group, Stack, Title } from '@mantine/core';
import { DataTable } from '../components/data-table.js';
import { QueryView } from '../components/query-view.js';
import { count, milliseconds, moment } from '../format.js';
import { OperatorFleetDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

const POLL_MS = 3_000;

export default function FleetTab() {
  const { t } = useLocale();
  return (
    <QueryView document={OperatorFleetDocument} variables={{}} pollMs={POLL_MS}>
      {(data) => (
        <Stack>
          <DataTable
            label={t('operator.fleet')}
            rows={data.nodes}
            rowKey={(node) => node.id}
            columns={[
              { title: t('operator.node'), render: (node) => node.id },
              { title: t('column.region'), render: (node) => node.region },
              {
                title: t('column.status'),
                render: (node) => (
                  <Group gap={4}>
                    <Badge variant="default" color={node.live && node.ready ? 'green' : 'red'}>
                      {node.live ? (node.ready ? t('operator.ready') : t('operator.notReady')) : t('operator.silent')}
                    </Badge>
                    {node.draining ? <Badge color="orange">{t('operator.draining')}</Badge> : null}
                    {node.rejected ? <Badge color="red">{node.rejected}</Badge> : null}
                  </Group>
                ),
              },
              { title: t('operator.revision'), numeric: true, render: (node) => `${node.appliedRevision} (-${node.revisionsBehind})` },
              { title: t('operator.open'), numeric: true, render: (node) => count(node.openRequests) },
              { title: t('operator.unsettled'), numeric: true, render: (node) => count(node.unacknowledged) },
              { title: t('operator.silence'), numeric: true, render: (node) => milliseconds(node.silenceMs) },
            ]}
          />
          <Title order={2} size="h4">
            {t('operator.revisions')}
          </Title>
          <DataTable
            label={t('operator.revisions')}
            rows={data.revisions.edges.map((edge) => edge.node)}
            rowKey={(revision) => String(revision.revision)}
            columns={[
              { title: t('operator.revision'), numeric: true, render: (revision) => revision.revision },
              { title: t('column.time'), render: (revision) => moment(revision.publishedAt) },
              { title: t('operator.appliedBy'), numeric: true, render: (revision) => revision.appliedBy },
              { title: t('nav.keys'), numeric: true, render: (revision) => count(revision.keyCount) },
              { title: t('operator.problems'), render: (revision) => revision.problems.join('; ') || '–' },
            ]}
          />
        </Stack>
      )}
    </QueryView>
  );
}
