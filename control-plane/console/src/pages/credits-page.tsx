import { Card, SimpleGrid, Stack, Title } from '@mantine/core';
import { FigureCard } from '../components/figure-card.js';
import { LedgerTable } from '../components/ledger-table.js';
import { Page } from '../components/page.js';
import { Failed, Loading } from '../components/states.js';
import { AutoTopUpCard } from '../credits/auto-top-up-card.js';
import { LowBalanceCard } from '../credits/low-balance-card.js';
import { StatementsCard } from '../credits/statements-card.js';
import { TopUpForm } from '../credits/top-up-form.js';
import { TopUpsTable } from '../credits/top-ups-table.js';
import { usd } from '../format.js';
import { LedgerDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { usePages } from '../use-pages.js';

const PAGE = 25;
const POLL_MS = 5_000;

export default function CreditsPage() {
  const { t } = useLocale();
  const { data, rows, error, loadMore, refresh } = usePages(LedgerDocument, { first: PAGE }, (answer) => answer.ledger, POLL_MS);
  return (
    <Page title={t('nav.credits')} hint={t('credits.hint')}>
      {error ? <Failed message={error} onRetry={refresh} /> : null}
      {!data && !error ? <Loading /> : null}
      {data ? (
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          <FigureCard name={t('overview.balance')} value={usd(data.wallet.balanceUsd)} />
          <FigureCard name={t('credits.leased')} value={usd(data.wallet.leasedUsd)} note={t('credits.leasedNote')} />
          <FigureCard name={t('credits.debt')} value={usd(data.wallet.debtUsd)} />
        </SimpleGrid>
      ) : null}
      <TopUpForm />
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('credits.payments')}
        </Title>
        <TopUpsTable />
      </Card>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <StatementsCard />
        <LowBalanceCard />
      </SimpleGrid>
      <AutoTopUpCard />
      {data ? (
        <Card withBorder>
          <Title order={2} size="h4" mb="sm">
            {t('credits.ledger')}
          </Title>
          <Stack>
            <LedgerTable lines={rows} onMore={loadMore} />
          </Stack>
        </Card>
      ) : null}
    </Page>
  );
}
