import { Alert, Anchor, Button, Card, Code, Group, List, Loader, Select, Stack, Switch, Text, Title } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { milliseconds, moment, usd } from '../format.js';
import { CreateApiKeyDocument, FirstRunDocument, type FirstRunQuery, RequestsDocument } from '../generated/graphql.js';
import { rememberKey, useRememberedKey } from '../key-memory.js';
import { useLocale } from '../messages/locale.js';
import { chatSnippets, KEY_PLACEHOLDER } from '../snippets.js';
import { useAction } from '../use-action.js';
import { usePages } from '../use-pages.js';
import { QueryView } from './query-view.js';
import { SnippetTabs } from './snippet-tabs.js';

const WATCH_MS = 1_500;
const PRIMARY = 'primary';

/** What a new customer does first: a key, a paste, and the request arrives on this page. */
export function FirstSteps() {
  return (
    <QueryView document={FirstRunDocument} variables={{}}>
      {(data) => <Steps data={data} />}
    </QueryView>
  );
}

function Steps({ data }: { readonly data: FirstRunQuery }) {
  const { t } = useLocale();
  const { gateway, wallet } = data;
  const [host, setHost] = useState<string>(PRIMARY);
  const key = useRememberedKey('first');
  const url = gateway.regions.find((region) => region.id === host)?.url ?? gateway.url;
  return (
    <Stack>
      <Card withBorder>
        <Title order={2} size="h4" mb="xs">
          {t('first.stepKey')}
        </Title>
        <MakeKey empty={Number(wallet.availableUsd) <= 0} apiKey={key} />
      </Card>
      <Card withBorder>
        <Title order={2} size="h4" mb="xs">
          {t('first.stepCall')}
        </Title>
        <Select
          label={t('first.host')}
          description={t('first.hostHint')}
          data={[
            { value: PRIMARY, label: `${t('first.nearest')} · ${gateway.url}` },
            ...gateway.regions.map((region) => ({ value: region.id, label: `${region.city || region.name} · ${region.url}` })),
          ]}
          value={host}
          onChange={(value) => setHost(value ?? PRIMARY)}
          allowDeselect={false}
          maw={460}
          mb="sm"
        />
        <SnippetTabs snippets={chatSnippets(url, key || KEY_PLACEHOLDER)} />
      </Card>
      <Card withBorder>
        <Title order={2} size="h4" mb="xs">
          {t('first.stepWatch')}
        </Title>
        <Arrival />
      </Card>
      <Card withBorder>
        <Title order={2} size="h4" mb="xs">
          {t('first.next')}
        </Title>
        <List>
          <Next to="/credits" label={t('first.nextTopUp')} />
          <Next to="/playground" label={t('first.nextPlayground')} />
          <Next to="/keys?tab=byok" label={t('first.nextByok')} />
          <Next to="/batches" label={t('first.nextBatch')} />
        </List>
      </Card>
    </Stack>
  );
}

function Next({ to, label }: { readonly to: string; readonly label: string }) {
  return (
    <List.Item>
      <Anchor component={Link} to={to}>
        {label}
      </Anchor>
    </List.Item>
  );
}

function MakeKey({ empty, apiKey }: { readonly empty: boolean; readonly apiKey: string }) {
  const { t } = useLocale();
  const create = useAction(CreateApiKeyDocument);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const test = chosen ?? empty;
  if (apiKey)
    return (
      <Stack gap="xs">
        <Text size="sm">{t('keys.shownOnce')}</Text>
        <Code block tabIndex={0} role="region" aria-label={t('keys.created')}>
          {apiKey}
        </Code>
      </Stack>
    );
  return (
    <Stack gap="sm">
      {empty ? <Text size="sm">{t('first.emptyWallet')}</Text> : null}
      <Group>
        <Button
          loading={create.busy}
          onClick={() =>
            void create.run({ input: { name: t('first.keyName'), test } }).then((done) => {
              if (done) rememberKey('first', done.createApiKey.key);
            })
          }
        >
          {t('keys.create')}
        </Button>
        <Switch label={t('key.test')} checked={test} onChange={(event) => setChosen(event.currentTarget.checked)} />
        <Anchor component={Link} to="/keys" size="sm">
          {t('first.bounded')}
        </Anchor>
      </Group>
    </Stack>
  );
}

/** The newest request, as soon as it has settled. */
function Arrival() {
  const { t } = useLocale();
  const { rows } = usePages(RequestsDocument, { first: 1 }, (data) => data.requests, WATCH_MS);
  const [newest] = rows;
  if (!newest)
    return (
      <Group gap="sm" role="status">
        <Loader size="sm" aria-hidden />
        <Text size="sm">{t('first.waiting')}</Text>
      </Group>
    );
  return (
    <Alert variant="default" icon={<IconCheck aria-hidden color="var(--mantine-color-teal-6)" />} role="status" title={t('first.arrived')}>
      <Text size="sm">
        {t('first.arrivedFacts', {
          when: moment(newest.createdAt),
          model: newest.model ?? newest.modelAsked ?? '–',
          vendor: newest.vendor ?? '–',
          tokens: newest.promptTokens + newest.completionTokens,
          time: milliseconds(newest.firstTokenMs),
          cost: usd(newest.costUsd),
        })}
      </Text>
      <Anchor component={Link} to={`/requests/${newest.id}`} size="sm">
        {t('first.story')}
      </Anchor>
    </Alert>
  );
}
