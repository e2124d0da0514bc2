import { PasswordInput, TextInput } from '@mantine/core';
import { AuthForm } from '../components/auth-form.js';
import { useLocale } from '../messages/locale.js';
import { register } from '../session/session-store.js';

export default function RegisterPage() {
  const { t } = useLocale();
  return (
    <AuthForm
      title={t('register.title')}
      submit={t('register.submit')}
      onSubmit={(value) => register(value('email'), value('password'), value('name'))}
      other={{ question: t('register.haveAccount'), label: t('register.toLogin'), path: '/' }}
    >
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
    </AuthForm>
  );
}
