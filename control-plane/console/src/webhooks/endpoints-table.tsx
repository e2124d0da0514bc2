import { Badge, Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { DataTable } from '../components/data-table.js';
import { moment } from '../format.js';
import {
  DeleteWebhookEndpointDocument,
  EnableWebhookEndpointDocument,
  RotateWebhookSecretDocument,
  SendTestWebhookDocument,
  type WebhookEndpointsQuery,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

type Endpoint = WebhookEndpointsQuery['webhookEndpoints'][number];

export function EndpointsTable({
  endpoints,
  onSecret,
  onChanged,
}: {
  readonly endpoints: readonly Endpoint[];
  readonly onSecret: (secret: string) => void;
  readonly onChanged: () => void;
}) {
  const { t } = useLocale();
  const sendTest = useAction(SendTestWebhookDocument);
  const rotate = useAction(RotateWebhookSecretDocument);
  const enable = useAction(EnableWebhookEndpointDocument);
  const remove = useAction(DeleteWebhookEndpointDocument);
  return (
    <DataTable<Endpoint>
      label={t('webhooks.endpoints')}
      rows={endpoints}
      rowKey={(endpoint) => endpoint.id}
      columns={[
        {
          title: t('webhooks.url'),
          render: (endpoint) => (
            <>
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {endpoint.url}
              </Text>
              <Text size="xs" c="dimmed">
                {endpoint.eventTypes.length === 0 ? t('webhooks.all') : endpoint.eventTypes.join(', ')}
              </Text>
            </>
          ),
        },
        {
          title: t('column.status'),
          render: (endpoint) => (
            <>
              <Badge tt="none" miw="max-content">
                {endpoint.status}
              </Badge>
              {endpoint.disabledReason ? (
                <Text size="xs" c="dimmed">
                  {endpoint.disabledReason}
                </Text>
              ) : null}
              {endpoint.failingSince ? (
                <Text size="xs" c="dimmed">
                  {t('webhooks.failingSince', { time: moment(endpoint.failingSince) })}
                </Text>
              ) : null}
            </>
          ),
        },
        { title: t('column.created'), render: (endpoint) => moment(endpoint.createdAt) },
        {
          title: t('column.actions'),
          render: (endpoint) => (
            <Group gap="xs" wrap="nowrap">
              <Button
                size="compact-xs"
                variant="default"
                disabled={endpoint.status !== 'active'}
                loading={sendTest.busy}
                onClick={() =>
                  void sendTest.run({ id: endpoint.id }).then((done) => {
                    if (done) notifications.show({ message: t('webhooks.testSent') });
                    onChanged();
                  })
                }
              >
                {t('webhooks.test')}
              </Button>
              <Button
                size="compact-xs"
                variant="default"
                loading={rotate.busy}
                onClick={() =>
                  void rotate.run({ id: endpoint.id }).then((done) => {
                    if (done) onSecret(done.rotateWebhookSecret.secret);
                  })
                }
              >
                {t('keys.rotate')}
              </Button>
              <Button
                size="compact-xs"
                variant="default"
                loading={enable.busy}
                onClick={() => void enable.run({ id: endpoint.id, enabled: endpoint.status !== 'active' }).then(onChanged)}
              >
                {endpoint.status === 'active' ? t('keys.pause') : t('keys.resume')}
              </Button>
              <Button
                size="compact-xs"
                color="red"
                loading={remove.busy}
                onClick={() => void remove.run({ id: endpoint.id }).then(onChanged)}
              >
                {t('action.delete')}
              </Button>
            </Group>
          ),
        },
      ]}
    />
  );
}
