import { Badge, Button, Card, Group, PasswordInput, Select, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { moment } from '../format.js';
import {
  ByokCredentialsDocument,
  type ByokCredentialsQuery,
  CreateByokCredentialDocument,
  DeleteByokCredentialDocument,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { DataTable } from './data-table.js';
import { QueryView } from './query-view.js';

const PROVIDERS = ['openai', 'anthropic', 'google', 'deepseek', 'alibaba', 'zai', 'moonshotai', 'mistral', 'xai', 'groq', 'openrouter'];
type Credential = ByokCredentialsQuery['byokCredentials'][number];

/** The customer's own vendor keys: $0.50 per million tokens and nothing else. */
export function ByokTab() {
  const { t } = useLocale();
  const create = useAction(CreateByokCredentialDocument);
  const remove = useAction(DeleteByokCredentialDocument);
  const [provider, setProvider] = useState<string | null>('openai');
  const [mode, setMode] = useState<string | null>('prefer');

  async function submit(event: FormEvent<HTMLFormElement>, refresh: () => void): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const apiKey = String(new FormData(form).get('apiKey') ?? '');
    const done = await create.run({ input: { provider: provider ?? '', apiKey, mode: mode === 'only' ? 'only' : 'prefer' } });
    if (done) form.reset();
    refresh();
  }

  return (
    <QueryView document={ByokCredentialsDocument} variables={{}}>
      {(data, refresh) => (
        <Stack>
          <Text size="sm" c="dimmed">
            {t('byok.hint')}
          </Text>
          <Card withBorder component="form" onSubmit={(event: FormEvent<HTMLFormElement>) => void submit(event, refresh)}>
            <Group align="flex-end">
              <Select label={t('column.vendor')} data={PROVIDERS} value={provider} onChange={setProvider} allowDeselect={false} />
              <PasswordInput name="apiKey" label={t('byok.key')} required autoComplete="off" miw={240} />
              <Select
                label={t('byok.mode')}
                data={[
                  { value: 'prefer', label: t('byok.prefer') },
                  { value: 'only', label: t('byok.only') },
                ]}
                value={mode}
                onChange={setMode}
                allowDeselect={false}
              />
              <Button type="submit" loading={create.busy}>
                {t('byok.save')}
              </Button>
            </Group>
          </Card>
          <DataTable<Credential>
            label="BYOK"
            rows={data.byokCredentials}
            rowKey={(credential) => credential.id}
            columns={[
              { title: t('column.vendor'), render: (credential) => credential.provider },
              { title: t('byok.key'), render: (credential) => <Text ff="monospace">…{credential.last4}</Text> },
              { title: t('byok.mode'), render: (credential) => <Badge variant="default">{credential.mode}</Badge> },
              { title: t('column.created'), render: (credential) => moment(credential.createdAt) },
              {
                title: t('column.actions'),
                render: (credential) => (
                  <Button
                    size="compact-xs"
                    color="red"
                    loading={remove.busy}
                    onClick={() => void remove.run({ id: credential.id }).then(refresh)}
                  >
                    {t('action.delete')}
                  </Button>
                ),
              },
            ]}
          />
        </Stack>
      )}
    </QueryView>
  );
}
