import { Badge, Progress, Stack, Text } from '@mantine/core';
import { count } from '../format.js';
import { useLocale } from '../messages/locale.js';

const OPEN = new Set(['validating', 'queued', 'in_progress', 'cancelling']);

export function isOpen(status: string): boolean {
  return OPEN.has(status);
}

interface Counts {
  readonly status: string;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

/** The state in words, and how far it is. */
export function BatchStatus({ batch }: { readonly batch: Counts }) {
  const { t } = useLocale();
  const done = batch.completed + batch.failed;
  const share = batch.total === 0 ? 0 : (100 * done) / batch.total;
  return (
    <Stack gap={4} miw={160}>
      <Badge tt="none">{t(`batch.${batch.status}` as 'batch.queued')}</Badge>
      <Progress value={share} aria-label={t('batches.progress')} color={batch.failed > 0 ? 'orange' : 'blue'} />
      <Text size="xs" c="dimmed">
        {t('batches.done', { done: count(done), total: count(batch.total) })}
        {batch.failed > 0 ? ` · ${t('batches.failed', { count: count(batch.failed) })}` : ''}
      </Text>
    </Stack>
  );
}
