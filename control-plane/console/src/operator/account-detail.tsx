import { Badge, Button, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { Link } from 'react-router';
import { DataTable } from '../components/data-table.js';
import { FigureCard } from '../components/figure-card.js';
import { QueryView } from '../components/query-view.js';
import { Empty } from '../components/states.js';
import { moment, usd } from '../format.js';
import { OperatorAccountDocument, OperatorAccountLedgerDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { AccountActions } from './account-actions.js';
import { PagedTable } from './paged-table.js';

const LEDGER_PAGE = 20;

export function AccountDetail({ id }: { readonly id: string }) {
  const { t } = useLocale();
  return (
    <Stack>
      <Group>
        <Button component={Link} to="/operator/accounts" variant="subtle" size="xs" leftSection={<IconArrowLeft size={14} aria-hidden />}>
          {t('operator.accounts')}
        </Button>
      </Group>
      <QueryView document={OperatorAccountDocument} variables={{ id }}>
        {({ account, walletOf, accountKeys }, refresh) =>
          account ? (
            <Stack>
              <Group justify="space-between">
                <div>
                  <Group gap="xs">
                    <Title order={2} size="h3">
                      {account.name}
                    </Title>
                    <Badge>{account.status}</Badge>
                    {account.frozenAt ? <Badge color="orange">{account.frozenReason}</Badge> : null}
                  </Group>
                  <Text size="sm" c="dimmed" ff="monospace">
                    {account.id}
                  </Text>
                </div>
                <AccountActions account={account} onChanged={refresh} />
              </Group>
              <SimpleGrid cols={{ base: 1, xs: 3 }}>
                <FigureCard name={t('overview.balance')} value={usd(walletOf.balanceUsd)} />
                <FigureCard name={t('credits.leased')} value={usd(walletOf.leasedUsd)} />
                <FigureCard name={t('credits.debt')} value={usd(walletOf.debtUsd)} />
              </SimpleGrid>
              <Card withBorder>
                <Title order={3} size="h4" mb="sm">
                  {t('nav.keys')}
                </Title>
                <DataTable
                  label={t('nav.keys')}
                  rows={accountKeys}
                  rowKey={(key) => key.id}
                  columns={[
                    { title: t('column.name'), render: (key) => key.name },
                    { title: t('operator.key'), render: (key) => `${key.prefix}…${key.last4}` },
                    { title: t('column.status'), render: (key) => <Badge>{key.status}</Badge> },
                    { title: t('column.created'), render: (key) => moment(key.createdAt) },
                    { title: t('keys.lastUsed'), render: (key) => moment(key.lastUsedAt) },
                  ]}
                />
              </Card>
            </Stack>
          ) : (
            <Empty>{t('operator.noAccount')}</Empty>
          )
        }
      </QueryView>
      <Card withBorder>
        <Title order={3} size="h4" mb="sm">
          {t('credits.ledger')}
        </Title>
        <PagedTable
          document={OperatorAccountLedgerDocument}
          variables={{ accountId: id, first: LEDGER_PAGE }}
          select={(data) => data.ledgerOf}
          label={t('credits.ledger')}
          columns={() => [
            { title: t('column.time'), render: (line) => moment(line.createdAt) },
            { title: t('column.kind'), render: (line) => <Badge>{line.kind}</Badge> },
            { title: t('column.reason'), render: (line) => line.reason },
            { title: t('column.amount'), numeric: true, render: (line) => usd(line.amountUsd) },
            { title: t('column.balance'), numeric: true, render: (line) => usd(line.balanceAfterUsd) },
          ]}
        />
      </Card>
    </Stack>
  );
}
