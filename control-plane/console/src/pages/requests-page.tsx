import { Button, Group, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useNavigate } from 'react-router';
import { LedgerTable } from '../components/ledger-table.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { LedgerDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

const PAGE = 50;
const POLL_MS = 5_000;

export default function RequestsPage() {
  const { t } = useLocale();
  const navigate = useNavigate();
  const [shown, setShown] = useState(PAGE);
  const open = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const id = String(new FormData(event.currentTarget).get('id') ?? '').trim();
    if (id !== '') void navigate(`/requests/${encodeURIComponent(id)}`);
  };
  return (
    <Page title={t('nav.requests')} hint={t('requests.hint')}>
      <form onSubmit={open}>
        <Group align="flex-end">
          <TextInput name="id" label={t('requests.id')} miw={320} />
          <Button type="submit" variant="default">
            {t('requests.open')}
          </Button>
        </Group>
      </form>
      <QueryView document={LedgerDocument} variables={{ first: shown }} pollMs={POLL_MS}>
        {(data) => (
          <LedgerTable
            lines={data.ledger.edges.map((edge) => edge.node).filter((line) => line.kind === 'usage')}
            onMore={data.ledger.pageInfo.hasNextPage ? () => setShown(shown + PAGE) : undefined}
          />
        )}
      </QueryView>
    </Page>
  );
}
