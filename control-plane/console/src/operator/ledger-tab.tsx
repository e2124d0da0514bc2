import { Alert, Anchor, Card, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Link } from 'react-router';
import { DataTable } from '../components/data-table.js';
import { FigureCard } from '../components/figure-card.js';
import { QueryView } from '../components/query-view.js';
import { count, moment, usd } from '../format.js';
import { OperatorLedgerDocument, type OperatorLedgerQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

const POLL_MS = 10_000;

export default function LedgerTab() {
  return (
    <QueryView document={OperatorLedgerDocument} variables={{}} pollMs={POLL_MS}>
      {(data) => <Ledger data={data} />}
    </QueryView>
  );
}

function Ledger({ data: { trialBalance, reconciliation } }: { readonly data: OperatorLedgerQuery }) {
  const { t } = useLocale();
  const { accounts, checkedAccounts, oldestCheckAt, frozen, lastSeal } = reconciliation;
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <FigureCard
          name={t('operator.checked')}
          value={`${count(checkedAccounts)} / ${count(accounts)}`}
          note={t('operator.checkedNote')}
        />
        <FigureCard
          name={t('operator.oldestCheck')}
          value={oldestCheckAt ? new Date(oldestCheckAt).toLocaleTimeString() : '–'}
          {...(oldestCheckAt ? { note: new Date(oldestCheckAt).toLocaleDateString() } : {})}
        />
        <FigureCard name={t('operator.frozenAccounts')} value={count(frozen.length)} />
        <FigureCard
          name={t('operator.seal')}
          value={lastSeal?.day ?? '–'}
          {...(lastSeal ? { note: t('operator.sealNote', { count: count(lastSeal.accounts) }) } : {})}
        />
      </SimpleGrid>
      {frozen.length > 0 ? (
        <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} title={t('operator.frozenAccounts')}>
          {frozen.map((account) => (
            <Text key={account.id} size="sm">
              <Anchor component={Link} to={`/operator/accounts/${account.id}`} underline="always">
                {account.name}
              </Anchor>
              {`: ${account.reason}, ${moment(account.since)}`}
            </Text>
          ))}
        </Alert>
      ) : null}
      <Card withBorder>
        <Title order={2} size="h4">
          {t('operator.ledger')}
        </Title>
        <Text size="sm" c="dimmed" mb="sm">
          {t('operator.trialNote')}
        </Text>
        <DataTable
          label={t('operator.ledger')}
          minWidth={240}
          rows={trialBalance}
          rowKey={(line) => line.ledgerAccount}
          columns={[
            { title: t('operator.ledgerAccount'), render: (line) => line.ledgerAccount },
            { title: t('column.amount'), numeric: true, render: (line) => usd(line.amountUsd) },
          ]}
        />
      </Card>
    </Stack>
  );
}
