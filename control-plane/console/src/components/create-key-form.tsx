import { Button, Card, Collapse, Group, MultiSelect, Switch, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { type ApiKeysQuery, CreateApiKeyDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

const MONEY_LIMITS = ['dailyUsd', 'monthlyUsd', 'totalUsd'] as const;

/** Name, and what bounds the key. Lists are separated by commas; what is empty does not bound. */
export function CreateKeyForm({
  regions,
  onCreated,
}: {
  readonly regions: ApiKeysQuery['gateway']['regions'];
  readonly onCreated: (key: string) => void;
}) {
  const { t } = useLocale();
  const create = useAction(CreateApiKeyDocument);
  const [test, setTest] = useState(false);
  const [more, setMore] = useState(false);
  const [allowed, setAllowed] = useState<string[]>([]);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    const text = (name: string) => String(values.get(name) ?? '').trim();
    const money = MONEY_LIMITS.filter((name) => text(name) !== '').map((name) => [name, text(name)]);
    const done = await create.run({
      input: {
        name: text('name'),
        test,
        models: listOf(text('models')),
        ipAllowlist: listOf(text('ipAllowlist')),
        regions: allowed.length === 0 ? null : allowed,
        // The whole of the last day.
        expiresAt: text('expiresOn') === '' ? null : new Date(`${text('expiresOn')}T23:59:59`).toISOString(),
        limits: {
          ...Object.fromEntries(money),
          ...(text('requestsPerMinute') === '' ? {} : { requestsPerMinute: Number(text('requestsPerMinute')) }),
        },
      },
    });
    if (!done) return;
    form.reset();
    setAllowed([]);
    onCreated(done.createApiKey.key);
  }

  return (
    <Card withBorder component="form" onSubmit={(event: FormEvent<HTMLFormElement>) => void submit(event)}>
      <Group align="flex-end">
        <TextInput name="name" label={t('column.name')} required />
        <TextInput name="models" label={t('keys.models')} placeholder="gpt-4o, ama/smart-code" />
        <TextInput name="monthlyUsd" label={t('keys.monthly')} placeholder="50" inputMode="decimal" leftSection="$" w={140} />
        <Switch label={t('keys.test')} checked={test} onChange={(event) => setTest(event.currentTarget.checked)} mb={8} />
        <Button type="submit" loading={create.busy}>
          {t('keys.create')}
        </Button>
        <Button variant="subtle" aria-expanded={more} onClick={() => setMore(!more)}>
          {t('keys.moreLimits')}
        </Button>
      </Group>
      <Collapse expanded={more}>
        <Group align="flex-end" mt="md">
          <TextInput name="ipAllowlist" label={t('keys.addresses')} placeholder="203.0.113.0/24" />
          <MultiSelect
            label={t('column.region')}
            placeholder={allowed.length === 0 ? t('models.any') : ''}
            data={regions.map((region) => ({ value: region.id, label: region.city || region.name }))}
            value={allowed}
            onChange={setAllowed}
          />
          <TextInput name="requestsPerMinute" label={t('keys.perMinute')} placeholder="60" inputMode="numeric" pattern="[0-9]+" w={160} />
          <TextInput name="dailyUsd" label={t('keys.daily')} placeholder="5" inputMode="decimal" leftSection="$" w={140} />
          <TextInput name="totalUsd" label={t('keys.total')} placeholder="100" inputMode="decimal" leftSection="$" w={140} />
          <TextInput name="expiresOn" label={t('keys.expires')} type="date" />
        </Group>
      </Collapse>
    </Card>
  );
}

function listOf(text: string): string[] | null {
  return text === '' ? null : text.split(',').map((item) => item.trim());
}
