import { Button, Card, Group, Text, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { FormEvent } from 'react';
import { QueryView } from '../components/query-view.js';
import { usd } from '../format.js';
import { LowBalanceDocument, SetLowBalanceAlertDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

/** Mail and a webhook when the balance falls below a figure. */
export function LowBalanceCard() {
  const { t } = useLocale();
  const save = useAction(SetLowBalanceAlertDocument);

  async function set(thresholdUsd: string | null, refresh: () => void): Promise<void> {
    if (!(await save.run({ thresholdUsd }))) return;
    notifications.show({ message: t('credits.alertSaved') });
    refresh();
  }

  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        {t('credits.alert')}
      </Title>
      <QueryView document={LowBalanceDocument} variables={{}}>
        {({ wallet }, refresh) => {
          const threshold = wallet.lowBalanceAlertUsd ?? null;
          return (
            <form
              onSubmit={(event: FormEvent<HTMLFormElement>) => {
                event.preventDefault();
                void set(String(new FormData(event.currentTarget).get('threshold') ?? '').trim(), refresh);
              }}
            >
              <Text size="sm" c="dimmed" mb="sm">
                {threshold === null ? t('credits.alertOff') : t('credits.alertOn', { amount: usd(threshold) })}
              </Text>
              <Group align="flex-end">
                <TextInput
                  key={threshold}
                  name="threshold"
                  label={t('credits.threshold')}
                  leftSection="$"
                  inputMode="decimal"
                  defaultValue={threshold ?? '5'}
                  required
                  w={140}
                />
                <Button type="submit" variant="default" loading={save.busy}>
                  {t('byok.save')}
                </Button>
                {threshold === null ? null : (
                  <Button variant="subtle" onClick={() => void set(null, refresh)}>
                    {t('credits.alertEnd')}
                  </Button>
                )}
              </Group>
            </form>
          );
        }}
      </QueryView>
    </Card>
  );
}
