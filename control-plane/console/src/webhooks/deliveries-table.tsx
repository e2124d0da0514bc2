import { Badge, Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { Failed, Loading } from '../components/states.js';
import { moment } from '../format.js';
import { ResendWebhookDocument, WebhookDeliveriesDocument, type WebhookDeliveriesQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { usePages } from '../use-pages.js';

const PAGE = 25;
const POLL_MS = 3_000;
type Delivery = WebhookDeliveriesQuery['webhookDeliveries']['edges'][number]['node'];

/** Every message and what became of it; each can be sent again under its old id. */
export function DeliveriesTable({ urls }: { readonly urls: ReadonlyMap<string, string> }) {
  const { t } = useLocale();
  const [opened, setOpened] = useState<Delivery | null>(null);
  const resend = useAction(ResendWebhookDocument);
  const { data, rows, error, loadMore, refresh } = usePages(
    WebhookDeliveriesDocument,
    { first: PAGE },
    (answer) => answer.webhookDeliveries,
    POLL_MS,
  );
  if (error) return <Failed message={error} onRetry={refresh} />;
  if (!data) return <Loading />;
  return (
    <>
      <DeliveryDialog delivery={opened} onClose={() => setOpened(null)} />
      <DataTable<Delivery>
        label={t('webhooks.deliveries')}
        rows={rows}
        rowKey={(delivery) => delivery.id}
        onMore={loadMore}
        columns={[
          { title: t('column.time'), render: (delivery) => moment(delivery.createdAt) },
          { title: t('webhooks.event'), render: (delivery) => delivery.eventType },
          {
            title: t('webhooks.receiver'),
            render: (delivery) => (
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {delivery.callbackUrl ?? urls.get(delivery.endpointId ?? '') ?? t('webhooks.deleted')}
              </Text>
            ),
          },
          {
            title: t('column.status'),
            render: (delivery) => (
              <>
                <Badge tt="none" miw="max-content">
                  {t(`delivery.${delivery.status}` as 'delivery.pending')}
                </Badge>
                <Text size="xs" c="dimmed">
                  {outcomeOf(delivery)}
                </Text>
              </>
            ),
          },
          { title: t('webhooks.attempts'), numeric: true, render: (delivery) => delivery.attempts },
          {
            title: t('column.actions'),
            render: (delivery) => (
              <Group gap="xs" wrap="nowrap">
                <Button size="compact-xs" variant="default" onClick={() => setOpened(delivery)}>
                  {t('requests.open')}
                </Button>
                <Button
                  size="compact-xs"
                  variant="default"
                  loading={resend.busy}
                  onClick={() => void resend.run({ id: delivery.id }).then(refresh)}
                >
                  {t('webhooks.resend')}
                </Button>
              </Group>
            ),
          },
        ]}
      />
    </>
  );
}

function outcomeOf(delivery: Delivery): string {
  if (delivery.responseStatus !== null && delivery.responseStatus !== undefined) return `HTTP ${delivery.responseStatus}`;
  return delivery.problem ?? '';
}

function DeliveryDialog({ delivery, onClose }: { readonly delivery: Delivery | null; readonly onClose: () => void }) {
  const { t } = useLocale();
  return (
    <Modal
      opened={delivery !== null}
      onClose={onClose}
      size="lg"
      title={delivery?.eventType}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {delivery ? (
        <Stack gap="xs">
          <Text size="sm">{t('webhooks.sent', { time: moment(delivery.attemptedAt) })}</Text>
          {delivery.nextAttemptAt ? <Text size="sm">{t('webhooks.nextAttempt', { time: moment(delivery.nextAttemptAt) })}</Text> : null}
          <Text size="sm" fw={600}>
            {t('webhooks.payload')}
          </Text>
          <Code block tabIndex={0}>
            {pretty(delivery.payload)}
          </Code>
          <Text size="sm" fw={600}>
            {t('webhooks.response')} {outcomeOf(delivery)}
          </Text>
          <Code block tabIndex={0}>
            {delivery.responseBody || '–'}
          </Code>
        </Stack>
      ) : null}
    </Modal>
  );
}

function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
