import { Button, Card, Code, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useParams } from 'react-router';
import { useQuery } from 'urql';
import { BatchStatus, isOpen } from '../batches/batch-status.js';
import { DataTable } from '../components/data-table.js';
import { FigureCard } from '../components/figure-card.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { Empty } from '../components/states.js';
import { download } from '../download.js';
import { count, moment, usd } from '../format.js';
import { BatchDocument, type BatchQuery, CancelBatchDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

const POLL_MS = 2_500;
/** Charges are settled a moment after the last answer. */
const SETTLED_MS = 20_000;
const PAGE = 50;
const PREVIEW_CHARACTERS = 200;
type BatchStory = NonNullable<BatchQuery['batch']>;
type Result = BatchStory['results'][number];

export default function BatchPage() {
  const { id = '' } = useParams();
  const { t } = useLocale();
  // The view below asks; here its answer says whether to ask again.
  const [{ data }] = useQuery({ query: BatchDocument, variables: { id }, requestPolicy: 'cache-only' });
  const ended = data?.batch ? !isOpen(data.batch.status) && Date.now() - Date.parse(data.batch.finishedAt ?? '') > SETTLED_MS : false;
  return (
    <Page title={t('batches.batch')} hint={id}>
      <QueryView document={BatchDocument} variables={{ id }} {...(ended ? {} : { pollMs: POLL_MS })}>
        {({ batch }, refresh) => (batch ? <Story batch={batch} refresh={refresh} /> : <Empty>{t('batches.none')}</Empty>)}
      </QueryView>
    </Page>
  );
}

function Story({ batch, refresh }: { readonly batch: BatchStory; readonly refresh: () => void }) {
  const { t } = useLocale();
  const cancel = useAction(CancelBatchDocument);
  const [shown, setShown] = useState(PAGE);
  const saved = { name: `${batch.id}.json`, content: () => JSON.stringify(batch.results, null, 2) };
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <Card withBorder>
          <BatchStatus batch={batch} />
        </Card>
        <FigureCard name={t('playground.cost')} value={usd(batch.costUsd)} note={t('batches.ceiling', { amount: usd(batch.ceilingUsd) })} />
        <FigureCard name={t('batches.saved')} value={usd(batch.savedUsd)} note={t('batches.savedNote')} />
        <FigureCard name={t('batches.requests')} value={count(batch.total)} note={t('batches.failed', { count: count(batch.failed) })} />
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        {t('batches.times', {
          created: moment(batch.createdAt),
          started: moment(batch.startedAt),
          end: moment(batch.finishedAt ?? batch.expectedEndAt),
        })}
      </Text>
      <Group>
        {isOpen(batch.status) ? (
          <Button color="red" loading={cancel.busy} onClick={() => void cancel.run({ id: batch.id }).then(refresh)}>
            {t('batches.cancel')}
          </Button>
        ) : null}
        {batch.results.length > 0 ? (
          <Button variant="default" onClick={() => download(saved.name, 'application/json', { text: saved.content() })}>
            {t('batches.download')}
          </Button>
        ) : null}
      </Group>
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('batches.results')}
        </Title>
        <DataTable<Result>
          label={t('batches.results')}
          rows={batch.results.slice(0, shown)}
          rowKey={(result) => result.customId}
          onMore={batch.results.length > shown ? () => setShown(shown + PAGE) : undefined}
          columns={[
            { title: 'custom_id', render: (result) => <Code>{result.customId}</Code> },
            { title: t('column.status'), numeric: true, render: (result) => result.statusCode },
            { title: t('requests.served'), render: (result) => modelOf(result) },
            {
              title: t('batches.answer'),
              render: (result) => (
                <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                  {textOf(result).slice(0, PREVIEW_CHARACTERS)}
                </Text>
              ),
            },
            { title: t('playground.cost'), numeric: true, render: (result) => usd(result.costUsd) },
          ]}
        />
      </Card>
    </Stack>
  );
}

/** `response` is a chat completion, `error` OpenAI's error object: what of them is shown. */
function textOf({ response, error }: Result): string {
  const completion = response as { choices?: readonly { message?: { content?: string | null } }[] } | null;
  const problem = error as { message?: string } | null;
  return completion?.choices?.[0]?.message?.content ?? problem?.message ?? '';
}

function modelOf({ response }: Result): string {
  return (response as { model?: string } | null)?.model ?? '–';
}
