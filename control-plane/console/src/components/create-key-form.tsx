import { Button, Card, Group, Switch, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { CreateApiKeyDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

/** Name, and what bounds the key. Lists are separated by commas. */
export function CreateKeyForm({ onCreated }: { readonly onCreated: (key: string) => void }) {
  const { t } = useLocale();
  const create = useAction(CreateApiKeyDocument);
  const [test, setTest] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    const text = (name: string) => String(values.get(name) ?? '').trim();
    const list = (name: string) =>
      text(name) === ''
        ? null
        : text(name)
            .split(',')
            .map((item) => item.trim());
    const monthlyUsd = text('monthlyUsd');
    const done = await create.run({
      input: {
        name: text('name'),
        test,
        models: list('models'),
        ipAllowlist: list('ipAllowlist'),
        ...(monthlyUsd === '' ? {} : { limits: { monthlyUsd } }),
      },
    });
    if (!done) return;
    form.reset();
    onCreated(done.createApiKey.key);
  }

  return (
    <Card withBorder component="form" onSubmit={(event: FormEvent<HTMLFormElement>) => void submit(event)}>
      <Group align="flex-end">
        <TextInput name="name" label={t('column.name')} required />
        <TextInput name="models" label={t('keys.models')} placeholder="gpt-4o, ama/smart-code" />
        <TextInput name="ipAllowlist" label={t('keys.addresses')} placeholder="203.0.113.0/24" />
        <TextInput name="monthlyUsd" label={t('keys.monthly')} placeholder="50" inputMode="decimal" />
        <Switch label={t('keys.test')} checked={test} onChange={(event) => setTest(event.currentTarget.checked)} mb={8} />
        <Button type="submit" loading={create.busy}>
          {t('keys.create')}
        </Button>
      </Group>
    </Card>
  );
}
