import { Anchor, Badge, NativeSelect, Stack } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { moment, usd } from '../format.js';
import { OperatorPaymentsDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { PagedTable } from './paged-table.js';

const STATES = ['pending', 'paid', 'failed', 'expired', 'refunded', 'disputed'];
const POLL_MS = 15_000;

export default function PaymentsTab() {
  const { t } = useLocale();
  const [status, setStatus] = useState('');
  return (
    <Stack>
      <NativeSelect
        label={t('column.status')}
        value={status}
        onChange={(event) => setStatus(event.currentTarget.value)}
        data={[{ value: '', label: t('operator.all') }, ...STATES]}
        maw={240}
      />
      <PagedTable
        document={OperatorPaymentsDocument}
        variables={{ status: status || null, first: 50 }}
        select={(data) => data.payments}
        pollMs={POLL_MS}
        label={t('operator.payments')}
        columns={() => [
          { title: t('column.time'), render: (payment) => moment(payment.createdAt) },
          {
            title: t('operator.account'),
            render: (payment) => (
              <Anchor component={Link} to={`/operator/accounts/${payment.accountId}`} underline="always">
                {payment.accountName}
              </Anchor>
            ),
          },
          { title: t('credits.method'), render: (payment) => [payment.method, payment.network].filter(Boolean).join(', ') },
          { title: t('column.status'), render: (payment) => <Badge>{payment.status}</Badge> },
          { title: t('column.amount'), numeric: true, render: (payment) => usd(payment.amountUsd) },
          { title: t('operator.credited'), numeric: true, render: (payment) => usd(payment.creditedUsd) },
          { title: t('operator.refunded'), numeric: true, render: (payment) => usd(payment.refundedUsd) },
        ]}
      />
    </Stack>
  );
}
