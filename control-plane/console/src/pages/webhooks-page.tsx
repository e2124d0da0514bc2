import { Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { SecretOnce } from '../components/secret-once.js';
import { RotateWebhookSecretDocument, WebhookEndpointsDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { CreateEndpointForm } from '../webhooks/create-endpoint-form.js';
import { DeliveriesTable } from '../webhooks/deliveries-table.js';
import { EndpointsTable } from '../webhooks/endpoints-table.js';

export default function WebhooksPage() {
  const { t } = useLocale();
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <Page title={t('nav.webhooks')} hint={t('webhooks.hint')}>
      <SecretOnce secret={secret} title={t('webhooks.secret')} onClose={() => setSecret(null)} />
      <QueryView document={WebhookEndpointsDocument} variables={{}}>
        {({ webhookEndpoints }, refresh) => (
          <Stack>
            <CreateEndpointForm
              onCreated={(created) => {
                setSecret(created);
                refresh();
              }}
            />
            <Card withBorder>
              <Title order={2} size="h4" mb="sm">
                {t('webhooks.endpoints')}
              </Title>
              <EndpointsTable endpoints={webhookEndpoints} onSecret={setSecret} onChanged={refresh} />
              <BatchSecret onSecret={setSecret} />
            </Card>
            <Card withBorder>
              <Title order={2} size="h4" mb="sm">
                {t('webhooks.deliveries')}
              </Title>
              <DeliveriesTable urls={new Map(webhookEndpoints.map((endpoint) => [endpoint.id, endpoint.url]))} />
            </Card>
          </Stack>
        )}
      </QueryView>
    </Page>
  );
}

/** Callback URLs of batches have no endpoint; one secret of the account signs what goes there. */
function BatchSecret({ onSecret }: { readonly onSecret: (secret: string) => void }) {
  const { t } = useLocale();
  const rotate = useAction(RotateWebhookSecretDocument);
  return (
    <Group mt="md" justify="space-between">
      <Text size="sm" c="dimmed" flex="1 1 260px">
        {t('webhooks.batchSecret')}
      </Text>
      <Button
        size="xs"
        variant="default"
        loading={rotate.busy}
        onClick={() => void rotate.run({}).then((done) => done && onSecret(done.rotateWebhookSecret.secret))}
      >
        {t('webhooks.newBatchSecret')}
      </Button>
    </Group>
  );
}
