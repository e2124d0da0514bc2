import { Alert, Button, Code, CopyButton, Group, Modal, Stack } from '@mantine/core';
import { useLocale } from '../messages/locale.js';

/** Shows a secret that is shown once. */
export function SecretOnce({ secret, onClose }: { readonly secret: string | null; readonly onClose: () => void }) {
  const { t } = useLocale();
  return (
    <Modal opened={secret !== null} onClose={onClose} title={t('keys.created')} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <Stack>
        <Alert color="yellow">{t('keys.shownOnce')}</Alert>
        <Code block>{secret}</Code>
        <Group justify="flex-end">
          <CopyButton value={secret ?? ''}>
            {({ copied, copy }) => <Button onClick={copy}>{copied ? t('action.copied') : t('action.copy')}</Button>}
          </CopyButton>
        </Group>
      </Stack>
    </Modal>
  );
}
