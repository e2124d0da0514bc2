import { useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { QueryView } from '../components/query-view.js';
import { moment } from '../format.js';
import { OperatorAuditDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

const PAGE = 50;

export default function AuditTab() {
  const { t } = useLocale();
  const [shown, setShown] = useState(PAGE);
  return (
    <QueryView document={OperatorAuditDocument} variables={{ first: shown }}>
      {(data) => (
        <DataTable
          label={t('operator.audit')}
          rows={data.operatorAuditLog.edges.map((edge) => edge.node)}
          rowKey={(line) => line.id}
          onMore={data.operatorAuditLog.pageInfo.hasNextPage ? () => setShown(shown + PAGE) : undefined}
          columns={[
            { title: t('column.time'), render: (line) => moment(line.at) },
            { title: t('operator.action'), render: (line) => line.action },
            { title: t('operator.subject'), render: (line) => `${line.subjectType} ${line.subjectId}` },
            { title: t('settings.address'), render: (line) => line.actorAddress || '–' },
          ]}
        />
      )}
    </QueryView>
  );
}
