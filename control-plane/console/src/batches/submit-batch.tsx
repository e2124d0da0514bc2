import { Alert, Button, Card, FileButton, Group, JsonInput, Stack, Tabs, Text } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { callGateway } from '../chat-stream.js';
import { KeyField } from '../components/key-field.js';
import { SnippetTabs } from '../components/snippet-tabs.js';
import { FirstRunDocument } from '../generated/graphql.js';
import { useRememberedKey } from '../key-memory.js';
import { useLocale } from '../messages/locale.js';
import { batchSnippets, KEY_PLACEHOLDER } from '../snippets.js';
import { readRequests } from './read-requests.js';

/** A batch may run for 24 hours: its key must live longer. */
const KEY_HOURS = 26;
const KEY_BUDGET_USD = '10';

const EXAMPLE = JSON.stringify(
  ['Name three uses of a gateway.', 'Say hello in French.', 'What is 2 + 2?'].map((content, index) => ({
    custom_id: `doc_${index + 1}`,
    model: 'auto',
    messages: [{ role: 'user', content }],
    max_tokens: 100,
  })),
  null,
  2,
);

/** Over the API, or from here: the same call. */
export function SubmitBatch({ onSubmitted }: { readonly onSubmitted: () => void }) {
  const { t } = useLocale();
  const [{ data }] = useQuery({ query: FirstRunDocument, variables: {} });
  const apiKey = useRememberedKey('batch');
  const [text, setText] = useState(EXAMPLE);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<{ readonly good: boolean; readonly words: string } | null>(null);
  if (!data) return null;
  const { url } = data.gateway;

  async function submit(): Promise<void> {
    setBusy(true);
    setOutcome(null);
    try {
      const body = { tier: 'batch_50', requests: readRequests(text) };
      const response = await callGateway(url, '/v1/batch', apiKey, body);
      const { id } = (await response.json()) as { id: string };
      setOutcome({ good: true, words: t('batches.submitted', { id }) });
      onSubmitted();
    } catch (error) {
      setOutcome({ good: false, words: error instanceof Error ? error.message : String(error) });
    } finally {
      setBusy(false);
    }
  }

  return (
    <Card withBorder>
      <Tabs defaultValue="here" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="here">{t('batches.here')}</Tabs.Tab>
          <Tabs.Tab value="api">{t('batches.overApi')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="here">
          <Stack>
            <KeyField purpose="batch" hours={KEY_HOURS} budgetUsd={KEY_BUDGET_USD} freeFirst={Number(data.wallet.availableUsd) <= 0} />
            <JsonInput
              label={t('batches.requests')}
              description={t('batches.requestsHint')}
              value={text}
              onChange={setText}
              autosize
              minRows={6}
              maxRows={16}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
            />
            {outcome ? (
              <Alert color={outcome.good ? 'green' : 'red'} role={outcome.good ? 'status' : 'alert'}>
                {outcome.words}
              </Alert>
            ) : null}
            <Group>
              <Button disabled={apiKey === ''} loading={busy} onClick={() => void submit()}>
                {t('batches.submit')}
              </Button>
              <FileButton accept=".json,.jsonl,application/json" onChange={(file) => void file?.text().then(setText)}>
                {(props) => (
                  <Button variant="default" {...props}>
                    {t('batches.upload')}
                  </Button>
                )}
              </FileButton>
              {apiKey === '' ? (
                <Text size="sm" c="dimmed">
                  {t('playground.needsKey')}
                </Text>
              ) : null}
            </Group>
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="api">
          <SnippetTabs snippets={batchSnippets(url, apiKey || KEY_PLACEHOLDER)} />
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}
