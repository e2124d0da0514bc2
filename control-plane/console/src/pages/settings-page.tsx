import { Badge, Button, Card, Code, Group, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { QRCodeSVG } from 'qrcode.react';
import { type FormEvent, useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { moment } from '../format.js';
import {
  BeginTotpDocument,
  ChangePasswordDocument,
  ConfirmTotpDocument,
  RevokeSessionDocument,
  SessionsDocument,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

export default function SettingsPage() {
  const { t } = useLocale();
  const revoke = useAction(RevokeSessionDocument);
  return (
    <Page title={t('nav.settings')}>
      <QueryView document={SessionsDocument} variables={{}}>
        {(data, refresh) => (
          <Stack>
            <Group>
              <Text>{data.me.user.email}</Text>
              <Badge variant="default">{data.me.user.emailVerified ? t('settings.verified') : t('settings.unverified')}</Badge>
            </Group>
            <PasswordForm />
            <SecondFactor enabled={data.me.user.totpEnabled} onChanged={refresh} />
            <Card withBorder>
              <Title order={2} size="h4" mb="sm">
                {t('settings.sessions')}
              </Title>
              <DataTable
                label={t('settings.sessions')}
                rows={data.sessions}
                rowKey={(session) => session.id}
                columns={[
                  { title: t('settings.browser'), render: (session) => session.userAgent.slice(0, 60) || '–' },
                  { title: t('settings.address'), render: (session) => session.address },
                  { title: t('keys.lastUsed'), render: (session) => moment(session.lastUsedAt) },
                  {
                    title: t('column.actions'),
                    render: (session) => (
                      <Button size="compact-xs" color="red" onClick={() => void revoke.run({ id: session.id }).then(refresh)}>
                        {t('settings.end')}
                      </Button>
                    ),
                  },
                ]}
              />
            </Card>
          </Stack>
        )}
      </QueryView>
    </Page>
  );
}

function PasswordForm() {
  const { t } = useLocale();
  const change = useAction(ChangePasswordDocument);
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    const done = await change.run({ current: String(values.get('current')), password: String(values.get('password')) });
    if (!done) return;
    form.reset();
    notifications.show({ message: t('settings.passwordChanged') });
  }
  return (
    <Card withBorder component="form" onSubmit={(event: FormEvent<HTMLFormElement>) => void submit(event)}>
      <Group align="flex-end">
        <PasswordInput name="current" label={t('settings.currentPassword')} autoComplete="current-password" required miw={220} />
        <PasswordInput name="password" label={t('settings.newPassword')} autoComplete="new-password" minLength={10} required miw={220} />
        <Button type="submit" loading={change.busy}>
          {t('settings.changePassword')}
        </Button>
      </Group>
    </Card>
  );
}

function SecondFactor({ enabled, onChanged }: { readonly enabled: boolean; readonly onChanged: () => void }) {
  const { t } = useLocale();
  const begin = useAction(BeginTotpDocument);
  const confirm = useAction(ConfirmTotpDocument);
  const [uri, setUri] = useState<string | null>(null);
  const [recovery, setRecovery] = useState<readonly string[]>([]);
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const done = await confirm.run({ code: String(new FormData(event.currentTarget).get('code')) });
    if (!done) return;
    setRecovery(done.confirmTotp);
    setUri(null);
    onChanged();
  }
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('settings.secondFactor')}
      </Title>
      {enabled ? <Badge>{t('settings.on')}</Badge> : null}
      {!enabled && uri === null ? (
        <Button
          variant="default"
          loading={begin.busy}
          onClick={() => void begin.run({}).then((done) => setUri(done?.beginTotp.uri ?? null))}
        >
          {t('settings.turnOn')}
        </Button>
      ) : null}
      {uri ? (
        <form onSubmit={(event) => void submit(event)}>
          <Group align="flex-end">
            <QRCodeSVG value={uri} size={160} marginSize={2} title={t('settings.secondFactor')} />
            <TextInput name="code" label={t('login.totp')} inputMode="numeric" autoComplete="one-time-code" required />
            <Button type="submit" loading={confirm.busy}>
              {t('settings.confirm')}
            </Button>
          </Group>
        </form>
      ) : null}
      {recovery.length > 0 ? (
        <Stack mt="sm" gap="xs">
          <Text size="sm">{t('settings.recovery')}</Text>
          <Code block>{recovery.join('\n')}</Code>
        </Stack>
      ) : null}
    </Card>
  );
}
