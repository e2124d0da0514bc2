import { Alert, Button, Code, Group, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useClient } from 'urql';
import { count, moment } from '../format.js';
import { OperatorAuditDocument, VerifyAuditLogDocument, type VerifyAuditLogQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { PagedTable } from './paged-table.js';

const TYPING_MS = 250;
const ACCOUNT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export default function AuditTab() {
  const { t } = useLocale();
  const [account, setAccount] = useState('');
  const [wanted] = useDebouncedValue(account.trim(), TYPING_MS);
  const incomplete = wanted !== '' && !ACCOUNT_ID.test(wanted);
  return (
    <Stack>
      <Group align="flex-end">
        <TextInput
          label={t('operator.accountId')}
          value={account}
          onChange={(event) => setAccount(event.currentTarget.value)}
          error={incomplete ? t('operator.notAnId') : null}
          w={360}
          maw="100%"
        />
        <Verify />
      </Group>
      <PagedTable
        document={OperatorAuditDocument}
        variables={{ accountId: incomplete || wanted === '' ? null : wanted, first: 50 }}
        select={(data) => data.operatorAuditLog}
        label={t('operator.audit')}
        minWidth={1000}
        columns={() => [
          { title: t('column.time'), render: (line) => moment(line.at) },
          { title: t('operator.actor'), render: (line) => line.actorEmail ?? t('operator.system') },
          { title: t('operator.action'), render: (line) => line.action },
          {
            title: t('operator.subject'),
            render: (line) => (
              <span style={{ overflowWrap: 'anywhere' }}>
                {line.subjectType} {line.subjectId}
              </span>
            ),
          },
          {
            title: t('operator.detail'),
            render: (line) => <Code style={{ overflowWrap: 'anywhere' }}>{JSON.stringify(line.detail).slice(0, 160)}</Code>,
          },
          { title: t('settings.address'), render: (line) => line.actorAddress || '–' },
        ]}
      />
    </Stack>
  );
}

/** Recomputes every hash of the log: slow on purpose only where there is much of it, so a person asks for it. */
function Verify() {
  const { t } = useLocale();
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<VerifyAuditLogQuery['verifyAuditLog'] | null>(null);
  async function verify(): Promise<void> {
    setBusy(true);
    const { data } = await client.query(VerifyAuditLogDocument, {}, { requestPolicy: 'network-only' }).toPromise();
    setAnswer(data?.verifyAuditLog ?? null);
    setBusy(false);
  }
  return (
    <>
      <Button variant="default" loading={busy} onClick={() => void verify()}>
        {t('operator.verify')}
      </Button>
      {answer ? (
        <Alert color={answer.broken.length === 0 ? 'green' : 'red'} p="xs" role="status">
          {answer.broken.length === 0
            ? t('operator.intact', { count: count(answer.lines) })
            : t('operator.broken', { lines: answer.broken.slice(0, 5).join(', ') })}
        </Alert>
      ) : null}
    </>
  );
}
