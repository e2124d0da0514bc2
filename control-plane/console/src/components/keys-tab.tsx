import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { moment } from '../format.js';
import {
  ApiKeysDocument,
  type ApiKeysQuery,
  PauseApiKeyDocument,
  RevokeApiKeyDocument,
  RotateApiKeyDocument,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { CreateKeyForm } from './create-key-form.js';
import { DataTable } from './data-table.js';
import { KeyBounds, KeyUsage } from './key-facts.js';
import { QueryView } from './query-view.js';
import { SecretOnce } from './secret-once.js';

type Key = ApiKeysQuery['apiKeys'][number];
/** The old key of a rotation works this long beside the new one. */
const GRACE_SECONDS = 3600;

export function KeysTab() {
  const { t } = useLocale();
  const [secret, setSecret] = useState<string | null>(null);
  const revoke = useAction(RevokeApiKeyDocument);
  const rotate = useAction(RotateApiKeyDocument);
  const pause = useAction(PauseApiKeyDocument);
  return (
    <QueryView document={ApiKeysDocument} variables={{}}>
      {(data, refresh) => (
        <Stack>
          <SecretOnce secret={secret} onClose={() => setSecret(null)} />
          <CreateKeyForm
            regions={data.gateway.regions}
            onCreated={(key) => {
              setSecret(key);
              refresh();
            }}
          />
          <DataTable<Key>
            label={t('nav.keys')}
            rows={data.apiKeys}
            rowKey={(key) => key.id}
            columns={[
              {
                title: t('column.name'),
                render: (key) => (
                  <>
                    <Text size="sm">{key.name}</Text>
                    <Text size="xs" c="dimmed" ff="monospace">
                      {key.prefix}…{key.last4}
                    </Text>
                  </>
                ),
              },
              {
                title: t('column.status'),
                render: (key) => (
                  <Group gap={4}>
                    <Badge variant="default">{key.status}</Badge>
                    {key.test ? <Badge variant="default">test</Badge> : null}
                  </Group>
                ),
              },
              { title: t('keys.bounds'), render: (key) => <KeyBounds apiKey={key} /> },
              { title: t('keys.usage'), numeric: true, render: (key) => <KeyUsage rows={data.usage.rows} keyId={key.id} /> },
              { title: t('keys.lastUsed'), render: (key) => moment(key.lastUsedAt) },
              {
                title: t('column.actions'),
                render: (key) =>
                  key.status === 'revoked' ? null : (
                    <Group gap="xs" wrap="nowrap">
                      <Button
                        size="compact-xs"
                        variant="default"
                        loading={pause.busy}
                        onClick={() => void pause.run({ id: key.id, paused: key.status !== 'paused' }).then(refresh)}
                      >
                        {key.status === 'paused' ? t('keys.resume') : t('keys.pause')}
                      </Button>
                      <Button
                        size="compact-xs"
                        variant="default"
                        loading={rotate.busy}
                        onClick={() =>
                          void rotate.run({ id: key.id, graceSeconds: GRACE_SECONDS }).then((done) => {
                            if (done) setSecret(done.rotateApiKey.key);
                            refresh();
                          })
                        }
                      >
                        {t('keys.rotate')}
                      </Button>
                      <Button
                        size="compact-xs"
                        color="red"
                        loading={revoke.busy}
                        onClick={() =>
                          void revoke.run({ id: key.id }).then((done) => {
                            if (done)
                              notifications.show({
                                message: t('keys.revoked', {
                                  acknowledged: done.revokeApiKey.acknowledged,
                                  nodes: done.revokeApiKey.nodes,
                                }),
                              });
                            refresh();
                          })
                        }
                      >
                        {t('keys.revoke')}
                      </Button>
                    </Group>
                  ),
              },
            ]}
          />
        </Stack>
      )}
    </QueryView>
  );
}
