import { Anchor, Button, Card, Title } from '@mantine/core';
import { useEffect } from 'react';
import { Link } from 'react-router';
import { BatchStatus, isOpen } from '../batches/batch-status.js';
import { SubmitBatch } from '../batches/submit-batch.js';
import { DataTable } from '../components/data-table.js';
import { Page } from '../components/page.js';
import { Failed, Loading } from '../components/states.js';
import { moment, usd } from '../format.js';
import { BatchesDocument, type BatchesQuery, BatchProgressDocument, CancelBatchDocument } from '../generated/graphql.js';
import { useLive } from '../live-stream.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { usePages } from '../use-pages.js';

const PAGE = 20;
/** While progress is not streamed. */
const POLL_MS = 2_500;
/** While it is: charges follow the last answer. */
const SLOW_POLL_MS = 10_000;
type Batch = BatchesQuery['batches']['edges'][number]['node'];

export default function BatchesPage() {
  const { t } = useLocale();
  const progress = useLive(BatchProgressDocument, {});
  const pollMs = progress.live ? SLOW_POLL_MS : POLL_MS;
  const { data, rows, error, loadMore, refresh } = usePages(BatchesDocument, { first: PAGE }, (answer) => answer.batches, pollMs);
  useEffect(() => {
    if (progress.data) refresh();
  }, [progress.data, refresh]);
  const cancel = useAction(CancelBatchDocument);
  return (
    <Page title={t('nav.batches')} hint={t('batches.hint')}>
      <SubmitBatch onSubmitted={refresh} />
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('batches.list')}
        </Title>
        {error ? <Failed message={error} onRetry={refresh} /> : null}
        {!data && !error ? <Loading /> : null}
        {data ? (
          <DataTable<Batch>
            label={t('nav.batches')}
            rows={rows}
            rowKey={(batch) => batch.id}
            onMore={loadMore}
            columns={[
              {
                title: t('batches.batch'),
                render: (batch) => (
                  <Anchor component={Link} to={`/batches/${batch.id}`} size="sm" ff="monospace">
                    {batch.id.slice(0, 20)}…
                  </Anchor>
                ),
              },
              { title: t('column.status'), render: (batch) => <BatchStatus batch={batch} /> },
              { title: t('playground.cost'), numeric: true, render: (batch) => usd(batch.costUsd) },
              { title: t('batches.saved'), numeric: true, render: (batch) => usd(batch.savedUsd) },
              { title: t('column.created'), render: (batch) => moment(batch.createdAt) },
              {
                title: t('batches.end'),
                render: (batch) =>
                  batch.finishedAt
                    ? moment(batch.finishedAt)
                    : batch.expectedEndAt
                      ? t('batches.about', { time: moment(batch.expectedEndAt) })
                      : '–',
              },
              {
                title: t('column.actions'),
                render: (batch) =>
                  isOpen(batch.status) ? (
                    <Button
                      size="compact-xs"
                      color="red"
                      loading={cancel.busy}
                      disabled={batch.status === 'cancelling'}
                      onClick={() => void cancel.run({ id: batch.id }).then(refresh)}
                    >
                      {t('batches.cancel')}
                    </Button>
                  ) : null,
              },
            ]}
          />
        ) : null}
      </Card>
    </Page>
  );
}
