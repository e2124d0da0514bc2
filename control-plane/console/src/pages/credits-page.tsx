import { Alert, Button, Card, Code, Group, Select, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core';
import { QRCodeSVG } from 'qrcode.react';
import { type FormEvent, useState } from 'react';
import { FigureCard } from '../components/figure-card.js';
import { LedgerTable } from '../components/ledger-table.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { moment, usd } from '../format.js';
import { CreateTopUpDocument, type CreateTopUpMutation, LedgerDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

const PAGE = 25;
const POLL_MS = 10_000;
type Deposit = NonNullable<CreateTopUpMutation['createTopUp']['deposit']>;

export default function CreditsPage() {
  const { t } = useLocale();
  const [shown, setShown] = useState(PAGE);
  return (
    <Page title={t('nav.credits')} hint={t('credits.hint')}>
      <TopUpForm />
      <QueryView document={LedgerDocument} variables={{ first: shown }} pollMs={POLL_MS}>
        {(data) => (
          <Stack>
            <SimpleGrid cols={{ base: 1, xs: 3 }}>
              <FigureCard name={t('overview.balance')} value={usd(data.wallet.balanceUsd)} />
              <FigureCard name={t('credits.leased')} value={usd(data.wallet.leasedUsd)} note={t('credits.leasedNote')} />
              <FigureCard name={t('credits.debt')} value={usd(data.wallet.debtUsd)} />
            </SimpleGrid>
            <Card withBorder>
              <Title order={2} size="h4" mb="sm">
                {t('credits.ledger')}
              </Title>
              <LedgerTable
                lines={data.ledger.edges.map((edge) => edge.node)}
                onMore={data.ledger.pageInfo.hasNextPage ? () => setShown(shown + PAGE) : undefined}
              />
            </Card>
          </Stack>
        )}
      </QueryView>
    </Page>
  );
}

function TopUpForm() {
  const { t } = useLocale();
  const topUp = useAction(CreateTopUpDocument);
  const [method, setMethod] = useState<string | null>('card');
  const [deposit, setDeposit] = useState<Deposit | null>(null);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const amountUsd = String(new FormData(event.currentTarget).get('amount') ?? '');
    const page = `${location.origin}/credits`;
    const done = await topUp.run({ input: { amountUsd, method: method ?? 'card', successUrl: page, cancelUrl: page } });
    if (done?.createTopUp.checkoutUrl) location.assign(done.createTopUp.checkoutUrl);
    setDeposit(done?.createTopUp.deposit ?? null);
  }

  return (
    <Card withBorder component="form" onSubmit={(event: FormEvent<HTMLFormElement>) => void submit(event)}>
      <Group align="flex-end">
        <TextInput name="amount" label={t('credits.amount')} defaultValue="20" inputMode="decimal" leftSection="$" required />
        <Select
          label={t('credits.method')}
          value={method}
          onChange={setMethod}
          allowDeselect={false}
          data={[
            { value: 'card', label: t('credits.card') },
            { value: 'wechat_pay', label: 'WeChat Pay' },
            { value: 'alipay', label: 'Alipay' },
            { value: 'usdt', label: 'USDT' },
          ]}
        />
        <Button type="submit" loading={topUp.busy}>
          {t('credits.topUp')}
        </Button>
      </Group>
      {deposit ? <DepositInstruction deposit={deposit} /> : null}
    </Card>
  );
}

function DepositInstruction({ deposit }: { readonly deposit: Deposit }) {
  const { t } = useLocale();
  return (
    <Alert mt="md" title={t('credits.send', { amount: deposit.amount, network: deposit.network })}>
      <Group align="flex-start">
        <QRCodeSVG value={deposit.address} size={128} marginSize={2} title={deposit.address} />
        <Stack gap="xs">
          <Code>{deposit.address}</Code>
          <Text size="sm">{t('credits.contract', { contract: deposit.contract })}</Text>
          <Text size="sm">{t('credits.until', { time: moment(deposit.expiresAt) })}</Text>
        </Stack>
      </Group>
    </Alert>
  );
}
