import { Alert, Button, Card, Group, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { FormEvent } from 'react';
import { QueryView } from '../components/query-view.js';
import { moment, usd } from '../format.js';
import {
  AutoTopUpDocument,
  type AutoTopUpFieldsFragment,
  RemoveSavedCardDocument,
  SaveCardDocument,
  SetAutoTopUpDocument,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

/** A card that was just saved is known a moment later. */
const POLL_MS = 5_000;
const PROPOSED = { thresholdUsd: '5', amountUsd: '20', monthlyCapUsd: '200' };

/** The saved card is charged when the balance falls below a figure, up to a cap each month. */
export function AutoTopUpCard() {
  const { t } = useLocale();
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        {t('auto.title')}
      </Title>
      <QueryView document={AutoTopUpDocument} variables={{}} pollMs={POLL_MS}>
        {({ autoTopUp }, refresh) => (
          <Stack gap="sm">
            <SavedCard settings={autoTopUp} refresh={refresh} />
            {autoTopUp.card || autoTopUp.enabled ? <Settings settings={autoTopUp} refresh={refresh} /> : null}
          </Stack>
        )}
      </QueryView>
    </Card>
  );
}

interface Part {
  readonly settings: AutoTopUpFieldsFragment;
  readonly refresh: () => void;
}

function SavedCard({ settings: { card }, refresh }: Part) {
  const { t } = useLocale();
  const save = useAction(SaveCardDocument);
  const remove = useAction(RemoveSavedCardDocument);

  async function give(): Promise<void> {
    const page = `${location.origin}/credits`;
    const done = await save.run({ input: { successUrl: page, cancelUrl: page } });
    if (done) location.assign(done.saveCard.url);
  }

  return (
    <>
      <Text size="sm" c="dimmed">
        {card
          ? t('auto.card', { brand: card.brand, last4: card.last4, expiry: `${String(card.expMonth).padStart(2, '0')}/${card.expYear}` })
          : t('auto.noCard')}
      </Text>
      <Group>
        <Button variant="default" loading={save.busy} onClick={() => void give()}>
          {card ? t('auto.otherCard') : t('auto.saveCard')}
        </Button>
        {card ? (
          <Button variant="subtle" loading={remove.busy} onClick={() => void remove.run({}).then(refresh)}>
            {t('auto.removeCard')}
          </Button>
        ) : null}
      </Group>
    </>
  );
}

function Settings({ settings, refresh }: Part) {
  const { t } = useLocale();
  const set = useAction(SetAutoTopUpDocument);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const input = {
      enabled: form.get('enabled') !== null,
      thresholdUsd: text('thresholdUsd'),
      amountUsd: text('amountUsd'),
      monthlyCapUsd: text('monthlyCapUsd'),
    };
    if (await set.run({ input })) notifications.show({ message: t('credits.alertSaved') });
    refresh();
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        {settings.disabledReason ? <Alert color="orange">{t('auto.disabled', { reason: settings.disabledReason })}</Alert> : null}
        {settings.retryAt ? <Alert color="orange">{t('auto.retry', { time: moment(settings.retryAt) })}</Alert> : null}
        <Group align="flex-end">
          <Amount name="thresholdUsd" label={t('auto.threshold')} value={settings.thresholdUsd ?? PROPOSED.thresholdUsd} />
          <Amount name="amountUsd" label={t('auto.amount')} value={settings.amountUsd ?? PROPOSED.amountUsd} />
          <Amount name="monthlyCapUsd" label={t('auto.cap')} value={settings.monthlyCapUsd ?? PROPOSED.monthlyCapUsd} />
        </Group>
        <Group>
          <Switch name="enabled" label={t('auto.on')} defaultChecked={settings.enabled} key={String(settings.enabled)} />
          <Button type="submit" variant="default" loading={set.busy}>
            {t('auto.save')}
          </Button>
          <Text size="sm" c="dimmed">
            {t('auto.charged', { amount: usd(settings.chargedThisMonthUsd) })}
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

function Amount({ name, label, value }: { readonly name: string; readonly label: string; readonly value: string }) {
  return <TextInput key={value} name={name} label={label} leftSection="$" inputMode="decimal" defaultValue={value} required w={190} />;
}
