import { Alert, Button, Card, Code, CopyButton, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { QRCodeSVG } from 'qrcode.react';
import { type FormEvent, useState } from 'react';
import { QueryView } from '../components/query-view.js';
import { moment } from '../format.js';
import { CreateTopUpDocument, type CreateTopUpMutation, TopUpMethodsDocument, type TopUpMethodsQuery } from '../generated/graphql.js';
import type { MessageKey } from '../messages/en.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

type Deposit = NonNullable<CreateTopUpMutation['createTopUp']['deposit']>;
const NAMES: Readonly<Record<string, MessageKey>> = { card: 'credits.card', wechat_pay: 'credits.wechatPay', alipay: 'credits.alipay' };

export function TopUpForm() {
  const { t } = useLocale();
  return (
    <QueryView document={TopUpMethodsDocument} variables={{}}>
      {({ topUpMethods }) => (topUpMethods.length === 0 ? <Alert>{t('credits.noMethod')}</Alert> : <Form methods={topUpMethods} />)}
    </QueryView>
  );
}

function Form({ methods }: { readonly methods: TopUpMethodsQuery['topUpMethods'] }) {
  const { t } = useLocale();
  const topUp = useAction(CreateTopUpDocument);
  const [chosen, setChosen] = useState(0);
  const [deposit, setDeposit] = useState<Deposit | null>(null);
  const choice = methods[chosen];

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    if (!choice) return;
    const amountUsd = String(new FormData(event.currentTarget).get('amount') ?? '').trim();
    const page = `${location.origin}/credits`;
    const { method, network } = choice;
    const done = await topUp.run({ input: { amountUsd, method, network: network ?? null, successUrl: page, cancelUrl: page } });
    if (done?.createTopUp.checkoutUrl) location.assign(done.createTopUp.checkoutUrl);
    setDeposit(done?.createTopUp.deposit ?? null);
  }

  return (
    <Card withBorder component="form" onSubmit={(event: FormEvent<HTMLFormElement>) => void submit(event)}>
      <Title order={2} size="h4" mb="sm">
        {t('credits.topUp')}
      </Title>
      <Group align="flex-end">
        <TextInput name="amount" label={t('credits.amount')} defaultValue="20" inputMode="decimal" leftSection="$" required />
        <Select
          label={t('credits.method')}
          value={String(chosen)}
          onChange={(value) => setChosen(Number(value))}
          allowDeselect={false}
          data={methods.map(({ method, network }, index) => {
            const name = NAMES[method];
            return { value: String(index), label: name ? t(name) : `USDT (${networkName(network)})` };
          })}
        />
        <Button type="submit" loading={topUp.busy}>
          {t('credits.pay')}
        </Button>
      </Group>
      {deposit ? <DepositInstruction deposit={deposit} /> : null}
    </Card>
  );
}

function networkName(network: string | null | undefined): string {
  return network === 'tron' ? 'TRON' : 'Ethereum';
}

function DepositInstruction({ deposit }: { readonly deposit: Deposit }) {
  const { t } = useLocale();
  return (
    <Alert mt="md" title={t('credits.send', { amount: deposit.amount, network: networkName(deposit.network) })}>
      <Group align="flex-start">
        <QRCodeSVG value={deposit.address} size={144} marginSize={2} title={deposit.address} />
        <Stack gap="xs" flex="1 1 240px">
          <Code style={{ overflowWrap: 'anywhere' }}>{deposit.address}</Code>
          <CopyButton value={deposit.address}>
            {({ copied, copy }) => (
              <Button size="xs" variant="default" onClick={copy} w="fit-content">
                {copied ? t('action.copied') : t('credits.copyAddress')}
              </Button>
            )}
          </CopyButton>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {t('credits.contract', { contract: deposit.contract })}
          </Text>
          <Text size="sm">{t('credits.until', { time: moment(deposit.expiresAt) })}</Text>
          <Text size="sm">{t('credits.whenFinal')}</Text>
        </Stack>
      </Group>
    </Alert>
  );
}
