import { Button, Card, Group, MultiSelect, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { CreateWebhookEndpointDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

const EVENT_TYPES = ['batch.completed', 'batch.failed', 'batch.cancelled', 'batch.expired', 'topup.credited', 'balance.low', 'key.paused'];

/** Hands on the signing secret, which is shown once. */
export function CreateEndpointForm({ onCreated }: { readonly onCreated: (secret: string) => void }) {
  const { t } = useLocale();
  const create = useAction(CreateWebhookEndpointDocument);
  const [eventTypes, setEventTypes] = useState<string[]>([]);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const done = await create.run({ url: String(new FormData(form).get('url') ?? '').trim(), eventTypes });
    if (!done) return;
    form.reset();
    setEventTypes([]);
    onCreated(done.createWebhookEndpoint.secret);
  }

  return (
    <Card withBorder component="form" onSubmit={(event: FormEvent<HTMLFormElement>) => void submit(event)}>
      <Group align="flex-end">
        <TextInput
          name="url"
          label={t('webhooks.url')}
          description={t('webhooks.urlHint')}
          placeholder="https://example.com/webhooks"
          required
          flex="1 1 280px"
        />
        <MultiSelect
          label={t('webhooks.events')}
          description={t('webhooks.eventsHint')}
          placeholder={eventTypes.length === 0 ? t('webhooks.all') : ''}
          data={EVENT_TYPES}
          value={eventTypes}
          onChange={setEventTypes}
          flex="1 1 280px"
        />
        <Button type="submit" loading={create.busy}>
          {t('webhooks.add')}
        </Button>
      </Group>
    </Card>
  );
}
