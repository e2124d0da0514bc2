import { Alert, Button, Code, CopyButton, Group, Modal, Stack } from '@mantine/core';
import { useLocale } from '../messages/locale.js';

/** Shows a secret that is shown once: an API key, unless `title` says otherwise. */
export function SecretOnce({
  secret,
  title,
  onClose,
}: {
  readonly secret: string | null;
  readonly title?: string;
  readonly onClose: () => void;
}) {
  const { t } = useLocale();
  return (
    <Modal
      opened={secret !== null}
      onClose={onClose}
      title={title ?? t('keys.created')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Stack>
        <Alert color="yellow">{t('keys.shownOnce')}</Alert>
        <Code block tabIndex={0} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {secret}
        </Code>
        <Group justify="flex-end">
          <CopyButton value={secret ?? ''}>
            {({ copied, copy }) => <Button onClick={copy}>{copied ? t('action.copied') : t('action.copy')}</Button>}
          </CopyButton>
        </Group>
      </Stack>
    </Modal>
  );
}
