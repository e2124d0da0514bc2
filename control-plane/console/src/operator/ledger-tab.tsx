import { DataTable } from '../components/data-table.js';
import { QueryView } from '../components/query-view.js';
import { usd } from '../format.js';
import { OperatorLedgerDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

export default function LedgerTab() {
  const { t } = useLocale();
  return (
    <QueryView document={OperatorLedgerDocument} variables={{}}>
      {(data) => (
        <DataTable
          label={t('operator.ledger')}
          rows={data.trialBalance}
          rowKey={(line) => line.ledgerAccount}
          columns={[
            { title: t('operator.ledgerAccount'), render: (line) => line.ledgerAccount },
            { title: t('column.amount'), numeric: true, render: (line) => usd(line.amountUsd) },
          ]}
        />
      )}
    </QueryView>
  );
}
