import { Alert, Button, Center, Loader, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconInbox } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useLocale } from '../messages/locale.js';

export function Loading() {
  const { t } = useLocale();
  return (
    <Center mih={160}>
      <Loader role="status" aria-label={t('state.loading')} />
    </Center>
  );
}

export function Empty({ children }: { readonly children?: ReactNode }) {
  const { t } = useLocale();
  return (
    <Stack align="center" gap="xs" py="xl" c="dimmed">
      <IconInbox size={32} aria-hidden />
      <Text>{children ?? t('state.empty')}</Text>
    </Stack>
  );
}

export function Failed({ message, onRetry }: { readonly message?: string; readonly onRetry?: () => void }) {
  const { t } = useLocale();
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={t('state.error')}>
      {message ? <Text size="sm">{message}</Text> : null}
      {onRetry ? (
        <Button size="xs" variant="default" mt="sm" onClick={onRetry}>
          {t('state.retry')}
        </Button>
      ) : null}
    </Alert>
  );
}
