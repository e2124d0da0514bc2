import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Link } from 'react-router';
import { AuthCard } from '../components/auth-card.js';
import { useLocale } from '../messages/locale.js';
import { register } from '../session/session-store.js';

export default function RegisterPage() {
  const { t } = useLocale();
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    try {
      await register(String(form.get('email')), String(form.get('password')), String(form.get('name')));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <AuthCard title={t('register.title')}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {failure ? (
            <Alert color="red" role="alert">
              {failure}
            </Alert>
          ) : null}
          <TextInput label={t('register.name')} name="name" autoComplete="name" />
          <TextInput label={t('login.email')} name="email" type="email" autoComplete="username" required />
          <PasswordInput
            label={t('login.password')}
            description={t('register.passwordHint')}
            name="password"
            autoComplete="new-password"
            minLength={10}
            required
          />
          <Button type="submit" loading={busy}>
            {t('register.submit')}
          </Button>
          <Text size="sm">
            {t('register.haveAccount')}{' '}
            <Anchor component={Link} to="/">
              {t('register.toLogin')}
            </Anchor>
          </Text>
        </Stack>
      </form>
    </AuthCard>
  );
}
