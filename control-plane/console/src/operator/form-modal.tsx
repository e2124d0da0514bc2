import { Button, Modal, Stack, Text } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { useLocale } from '../messages/locale.js';

/** A question with its fields; `onSubmit` gets them by name and resolves true when the dialog may close. */
export function FormModal({
  title,
  opened,
  onClose,
  submit,
  busy,
  danger,
  hint,
  wide,
  onSubmit,
  children,
}: {
  readonly title: string;
  readonly opened: boolean;
  readonly onClose: () => void;
  readonly submit: string;
  readonly busy: boolean;
  readonly danger?: boolean;
  readonly hint?: string;
  readonly wide?: boolean;
  readonly onSubmit: (values: (name: string) => string) => Promise<boolean>;
  readonly children?: ReactNode;
}) {
  const { t } = useLocale();
  async function send(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    if (await onSubmit((name) => String(form.get(name) ?? '').trim())) onClose();
  }
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={wide ? 'lg' : 'md'} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          {hint ? (
            <Text size="sm" c="dimmed">
              {hint}
            </Text>
          ) : null}
          {children}
          <Button type="submit" loading={busy} {...(danger ? { color: 'red' } : {})}>
            {submit}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
