import { PasswordInput, TextInput } from '@mantine/core';
import { AuthForm } from '../components/auth-form.js';
import { useLocale } from '../messages/locale.js';
import { logIn } from '../session/session-store.js';

export default function LoginPage() {
  const { t } = useLocale();
  return (
    <AuthForm
      title={t('login.title')}
      submit={t('login.submit')}
      onSubmit={(value) => logIn(value('email'), value('password'), value('totp'))}
      other={{ question: t('login.noAccount'), label: t('login.toRegister'), path: '/register' }}
    >
      <TextInput label={t('login.email')} name="email" type="email" autoComplete="username" required />
      <PasswordInput label={t('login.password')} name="password" autoComplete="current-password" required />
      <TextInput label={t('login.totp')} name="totp" inputMode="numeric" autoComplete="one-time-code" description={t('login.totpHint')} />
    </AuthForm>
  );
}
