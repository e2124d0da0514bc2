import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { AuthCard } from '../components/auth-card.js';
import { useLocale } from '../messages/locale.js';
import { logIn } from '../session/session-store.js';

export default function LoginPage() {
  const { t } = useLocale();
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    try {
      await logIn(String(form.get('email')), String(form.get('password')), String(form.get('totp') ?? ''));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <AuthCard title={t('login.title')}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {failure ? (
            <Alert color="red" role="alert">
              {failure}
            </Alert>
          ) : null}
          <TextInput label={t('login.email')} name="email" type="email" autoComplete="username" required />
          <PasswordInput label={t('login.password')} name="password" autoComplete="current-password" required />
          <TextInput label={t('login.totp')} name="totp" inputMode="numeric" autoComplete="one-time-code" />
          <Button type="submit" loading={busy}>
            {t('login.submit')}
          </Button>
          <Text size="sm">
            {t('login.noAccount')}{' '}
            <Anchor component={Link} to="/register">
              {t('login.toRegister')}
            </Anchor>
          </Text>
        </Stack>
      </form>
    </AuthCard>
  );
}
