import { Button } from '@mantine/core';
import { useEffect } from 'react';
import { Link } from 'react-router';
import { useQuery } from 'urql';
import { usd } from '../format.js';
import { WalletBalanceDocument, WalletChangedDocument } from '../generated/graphql.js';
import { useLive } from '../live-stream.js';
import { useLocale } from '../messages/locale.js';

const POLL_MS = 15_000;

/** The account's balance, told by the server as it moves; asked for while no stream is open. Nothing for roles that may not see it. */
export function LiveBalance() {
  const { t } = useLocale();
  const { data: told, live } = useLive(WalletChangedDocument, {});
  const [{ data: asked }, ask] = useQuery({ query: WalletBalanceDocument, variables: {} });
  useEffect(() => {
    if (live) return;
    const timer = setInterval(() => ask({ requestPolicy: 'network-only' }), POLL_MS);
    return () => clearInterval(timer);
  }, [live, ask]);
  const balance = told?.walletChanged.balanceUsd ?? asked?.wallet.balanceUsd;
  if (balance === undefined) return null;
  return (
    <Button component={Link} to="/credits" variant="subtle" size="compact-sm" ff="monospace" visibleFrom="xs" title={t('nav.balance')}>
      {usd(balance.replace(/(\.\d\d)\d*$/, '$1'))}
    </Button>
  );
}
