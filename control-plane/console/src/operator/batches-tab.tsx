import { Anchor, Badge, Progress, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { count, moment, usd } from '../format.js';
import { OperatorBatchesDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { PagedTable } from './paged-table.js';

const POLL_MS = 3_000;

export default function BatchesTab() {
  const { t } = useLocale();
  const [unfinished, setUnfinished] = useState(false);
  return (
    <Stack>
      <Switch label={t('operator.unfinished')} checked={unfinished} onChange={(event) => setUnfinished(event.currentTarget.checked)} />
      <PagedTable
        document={OperatorBatchesDocument}
        variables={{ unfinished, first: 50 }}
        select={(data) => data.houseBatches}
        pollMs={POLL_MS}
        label={t('operator.batches')}
        columns={() => [
          { title: t('column.created'), render: (batch) => moment(batch.createdAt) },
          {
            title: t('operator.account'),
            render: (batch) => (
              <Anchor component={Link} to={`/operator/accounts/${batch.accountId}`} underline="always">
                {batch.accountName}
              </Anchor>
            ),
          },
          { title: t('column.status'), render: (batch) => <Badge>{batch.status}</Badge> },
          {
            title: t('operator.progress'),
            render: ({ completed, failed, total }) => (
              <>
                <Text size="sm" ff="monospace">
                  {t('operator.progressOf', { done: count(completed + failed), total: count(total), failed: count(failed) })}
                </Text>
                <Progress.Root size="sm">
                  <Progress.Section value={(100 * completed) / total} aria-label={t('operator.completed')} />
                  <Progress.Section value={(100 * failed) / total} color="red" aria-label={t('operator.failed')} />
                </Progress.Root>
              </>
            ),
          },
          { title: t('operator.ceiling'), numeric: true, render: (batch) => usd(batch.ceilingUsd) },
          { title: t('operator.finished'), render: (batch) => moment(batch.finishedAt) },
        ]}
      />
    </Stack>
  );
}
