import { Anchor, Badge, Button, Text } from '@mantine/core';
import { useState } from 'react';
import { useClient } from 'urql';
import { DataTable } from '../components/data-table.js';
import { Failed, Loading } from '../components/states.js';
import { download } from '../download.js';
import { moment, usd } from '../format.js';
import { ReceiptDocument, TopUpsDocument, type TopUpsQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { usePages } from '../use-pages.js';

const PAGE = 10;
const POLL_MS = 4_000;
type TopUp = TopUpsQuery['topUps']['edges'][number]['node'];

/** Payments and their receipts; a pending one leads back to where it is paid. */
export function TopUpsTable() {
  const { t } = useLocale();
  const { data, rows, error, loadMore, refresh } = usePages(TopUpsDocument, { first: PAGE }, (answer) => answer.topUps, POLL_MS);
  if (error) return <Failed message={error} onRetry={refresh} />;
  if (!data) return <Loading />;
  return (
    <DataTable<TopUp>
      label={t('credits.payments')}
      rows={rows}
      rowKey={(topUp) => topUp.id}
      onMore={loadMore}
      columns={[
        { title: t('column.time'), render: (topUp) => moment(topUp.createdAt) },
        { title: t('credits.method'), render: (topUp) => [topUp.method, topUp.network].filter(Boolean).join(' · ') },
        { title: t('column.status'), render: (topUp) => <Badge tt="none">{t(`topUp.${topUp.status}` as 'topUp.paid')}</Badge> },
        { title: t('column.amount'), numeric: true, render: (topUp) => usd(topUp.amountUsd) },
        {
          title: t('credits.credited'),
          numeric: true,
          render: (topUp) => (
            <>
              {usd(topUp.creditedUsd)}
              {Number(topUp.refundedUsd) > 0 ? (
                <Text size="xs" c="dimmed">
                  {t('credits.refunded', { amount: usd(topUp.refundedUsd) })}
                </Text>
              ) : null}
            </>
          ),
        },
        { title: t('credits.receipt'), render: (topUp) => <ReceiptCell topUp={topUp} /> },
      ]}
    />
  );
}

function ReceiptCell({ topUp }: { readonly topUp: TopUp }) {
  const { t } = useLocale();
  const client = useClient();
  const [busy, setBusy] = useState(false);
  if (topUp.status === 'pending' && topUp.checkoutUrl)
    return (
      <Anchor href={topUp.checkoutUrl} size="sm">
        {t('credits.payNow')}
      </Anchor>
    );
  if (!topUp.paidAt) return '–';
  async function fetchReceipt(): Promise<void> {
    setBusy(true);
    const { data } = await client.query(ReceiptDocument, { id: topUp.id }, { requestPolicy: 'network-only' }).toPromise();
    setBusy(false);
    const base64 = data?.topUp?.receiptPdf;
    if (base64) download(`receipt-${topUp.id}.pdf`, 'application/pdf', { base64 });
  }
  return (
    <Button size="compact-xs" variant="default" loading={busy} onClick={() => void fetchReceipt()}>
      PDF
    </Button>
  );
}
