import { Alert, Anchor, Button, Stack, Text } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Link } from 'react-router';
import { AuthCard } from './auth-card.js';

/** A form of the pages before a session: its fields, what becomes of them, the way to the other such page. */
export function AuthForm({
  title,
  submit,
  onSubmit,
  other,
  children,
}: {
  readonly title: string;
  readonly submit: string;
  /** Throws Error with the words that the person reads. */
  readonly onSubmit: (value: (name: string) => string) => Promise<void>;
  readonly other: { readonly question: string; readonly label: string; readonly path: string };
  readonly children: ReactNode;
}) {
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function send(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    try {
      await onSubmit((name) => String(form.get(name) ?? ''));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <AuthCard title={title}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          {failure ? (
            <Alert color="red" role="alert">
              {failure}
            </Alert>
          ) : null}
          {children}
          <Button type="submit" loading={busy}>
            {submit}
          </Button>
          <Text size="sm">
            {other.question}{' '}
            <Anchor component={Link} to={other.path} underline="always">
              {other.label}
            </Anchor>
          </Text>
        </Stack>
      </form>
    </AuthCard>
  );
}
