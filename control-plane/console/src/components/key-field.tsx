import { Button, Group, PasswordInput, Switch } from '@mantine/core';
import { useState } from 'react';
import { usd } from '../format.js';
import { CreateApiKeyDocument } from '../generated/graphql.js';
import { type KeyPurpose, rememberKey, useRememberedKey } from '../key-memory.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

const HOUR_MS = 3_600_000;

/** A key for calls from this page: pasted, or made by one click with a short life and a small budget. It stays in this page's memory. */
export function KeyField({
  purpose,
  hours,
  budgetUsd,
  freeFirst,
}: {
  readonly purpose: KeyPurpose;
  readonly hours: number;
  readonly budgetUsd: string;
  /** Whether the free test key is proposed: there is nothing in the wallet. */
  readonly freeFirst: boolean;
}) {
  const { t } = useLocale();
  const key = useRememberedKey(purpose);
  const create = useAction(CreateApiKeyDocument);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const test = chosen ?? freeFirst;

  async function make(): Promise<void> {
    const expiresAt = new Date(Date.now() + hours * HOUR_MS).toISOString();
    const name = t(purpose === 'batch' ? 'key.nameBatch' : 'key.namePlayground');
    const done = await create.run({ input: { name, test, expiresAt, limits: { totalUsd: budgetUsd } } });
    if (done) rememberKey(purpose, done.createApiKey.key);
  }

  return (
    <Group align="flex-end" gap="sm">
      <PasswordInput
        label={t('key.field')}
        description={t('key.fieldHint')}
        placeholder="sk-ama-…"
        autoComplete="off"
        data-1p-ignore
        value={key}
        onChange={(event) => rememberKey(purpose, event.currentTarget.value.trim())}
        flex="1 1 260px"
      />
      <Group gap="sm">
        <Button variant="default" loading={create.busy} onClick={() => void make()}>
          {t('key.make', { hours, budget: usd(budgetUsd) })}
        </Button>
        <Switch label={t('key.test')} checked={test} onChange={(event) => setChosen(event.currentTarget.checked)} />
      </Group>
    </Group>
  );
}
