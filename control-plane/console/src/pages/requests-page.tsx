import { Anchor, Badge, Button, Card, Group, Select, Switch, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { useQuery } from 'urql';
import { DataTable } from '../components/data-table.js';
import { Page } from '../components/page.js';
import { Failed, Loading } from '../components/states.js';
import { count, milliseconds, moment, usd } from '../format.js';
import { RequestFiltersDocument, RequestsDocument, type RequestsQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { usePages } from '../use-pages.js';

const PAGE = 50;
const POLL_MS = 4_000;
type Request = RequestsQuery['requests']['edges'][number]['node'];

export default function RequestsPage() {
  const { t } = useLocale();
  const [parameters, setParameters] = useSearchParams();
  const model = parameters.get('model') ?? '';
  const [keyId, setKeyId] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  const variables = { first: PAGE, model: model || null, keyId, failed: failed || null };
  const { data, rows, error, loadMore, refresh } = usePages(RequestsDocument, variables, (answer) => answer.requests, POLL_MS);
  const [{ data: filters }] = useQuery({ query: RequestFiltersDocument, variables: {} });
  const keys = filters?.apiKeys ?? [];
  return (
    <Page title={t('nav.requests')} hint={t('requests.hint')}>
      <OpenForm />
      <Card withBorder>
        <Group align="flex-end" mb="md">
          <form
            onSubmit={(event) => {
              event.preventDefault();
              const wanted = String(new FormData(event.currentTarget).get('model') ?? '').trim();
              setParameters(wanted === '' ? {} : { model: wanted }, { replace: true });
            }}
          >
            <Group align="flex-end">
              <TextInput name="model" label={t('requests.served')} placeholder="gpt-4o" defaultValue={model} />
              <Button type="submit" variant="default">
                {t('requests.filter')}
              </Button>
            </Group>
          </form>
          <Select
            label={t('requests.key')}
            placeholder={t('models.any')}
            clearable
            data={keys.map((key) => ({ value: key.id, label: `${key.name} …${key.last4}` }))}
            value={keyId}
            onChange={setKeyId}
          />
          <Switch label={t('requests.onlyFailed')} checked={failed} onChange={(event) => setFailed(event.currentTarget.checked)} mb={8} />
        </Group>
        {error ? <Failed message={error} onRetry={refresh} /> : null}
        {!data && !error ? <Loading /> : null}
        {data ? <RequestsTable rows={rows} onMore={loadMore} /> : null}
      </Card>
    </Page>
  );
}

function OpenForm() {
  const { t } = useLocale();
  const navigate = useNavigate();
  const open = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const id = String(new FormData(event.currentTarget).get('id') ?? '').trim();
    if (id !== '') void navigate(`/requests/${encodeURIComponent(id)}`);
  };
  return (
    <form onSubmit={open}>
      <Group align="flex-end">
        <TextInput name="id" label={t('requests.id')} flex="0 1 360px" />
        <Button type="submit" variant="default">
          {t('requests.open')}
        </Button>
      </Group>
    </form>
  );
}

function RequestsTable({ rows, onMore }: { readonly rows: readonly Request[]; readonly onMore: (() => void) | undefined }) {
  const { t } = useLocale();
  return (
    <DataTable<Request>
      label={t('nav.requests')}
      rows={rows}
      rowKey={(request) => request.id}
      onMore={onMore}
      columns={[
        {
          title: t('column.time'),
          render: (request) => (
            <Anchor component={Link} to={`/requests/${request.id}`} size="sm">
              {moment(request.createdAt)}
            </Anchor>
          ),
        },
        {
          title: t('column.model'),
          render: (request) => (
            <>
              <Text size="sm">{request.model ?? request.modelAsked ?? '–'}</Text>
              {request.modelAsked && request.modelAsked !== request.model ? (
                <Text size="xs" c="dimmed">
                  {t('requests.askedFor', { model: request.modelAsked })}
                </Text>
              ) : null}
            </>
          ),
        },
        { title: t('column.vendor'), render: (request) => request.vendor ?? '–' },
        {
          title: t('column.status'),
          render: (request) => (
            <Group gap={4} wrap="nowrap">
              <Badge color={(request.status ?? 0) >= 400 ? 'red' : 'gray'}>{request.status ?? '–'}</Badge>
              {request.test ? <Badge tt="none">test</Badge> : null}
              {request.byok ? <Badge>BYOK</Badge> : null}
              {request.batch ? <Badge tt="none">batch</Badge> : null}
            </Group>
          ),
        },
        {
          title: t('column.tokens'),
          numeric: true,
          render: (request) => `${count(request.promptTokens)} → ${count(request.completionTokens)}`,
        },
        { title: t('requests.firstToken'), numeric: true, render: (request) => milliseconds(request.firstTokenMs) },
        { title: t('column.cost'), numeric: true, render: (request) => usd(request.costUsd) },
      ]}
    />
  );
}
