import { Text } from '@mantine/core';
import { count, moment, usd } from '../format.js';
import type { ApiKeysQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

/** What a key may reach and spend; only what bounds it. */
export function KeyBounds({ apiKey }: { readonly apiKey: ApiKeysQuery['apiKeys'][number] }) {
  const { t } = useLocale();
  const { models, regions, ipAllowlist, limits, expiresAt } = apiKey;
  const bounds = [
    models?.join(', '),
    regions?.join(', '),
    ipAllowlist?.join(', '),
    limits.requestsPerMinute ? t('keys.boundRequests', { count: count(limits.requestsPerMinute) }) : null,
    limits.dailyUsd ? t('keys.boundDaily', { amount: usd(limits.dailyUsd) }) : null,
    limits.monthlyUsd ? t('keys.boundMonthly', { amount: usd(limits.monthlyUsd) }) : null,
    limits.totalUsd ? t('keys.boundTotal', { amount: usd(limits.totalUsd) }) : null,
    expiresAt ? t('keys.boundUntil', { time: moment(expiresAt) }) : null,
  ].filter((bound) => typeof bound === 'string' && bound !== '');
  return (
    <Text size="xs" c="dimmed" maw={260} style={{ overflowWrap: 'anywhere' }}>
      {bounds.length === 0 ? t('keys.unbounded') : bounds.join(' · ')}
    </Text>
  );
}

/** What was asked with the key, and what it cost. */
export function KeyUsage({ rows, keyId }: { readonly rows: ApiKeysQuery['usage']['rows']; readonly keyId: string }) {
  const { t } = useLocale();
  // One row for house credentials and one for the customer's own.
  const own = rows.filter((row) => row.keyId === keyId);
  if (own.length === 0) return '–';
  const requests = own.reduce((total, row) => total + row.requests, 0);
  const costs = own.filter((row) => Number(row.costUsd) > 0);
  return (
    <>
      <Text size="sm">{costs.length === 0 ? usd('0') : costs.map((row) => usd(row.costUsd)).join(' + ')}</Text>
      <Text size="xs" c="dimmed">
        {t('keys.usageOf', { requests: count(requests) })}
      </Text>
    </>
  );
}
