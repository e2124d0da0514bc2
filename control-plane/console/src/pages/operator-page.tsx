import { Tabs } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { Page } from '../components/page.js';
import { Loading } from '../components/states.js';
import { useLocale } from '../messages/locale.js';

const AccountsTab = lazy(() => import('../operator/accounts-tab.js'));
const CatalogueTab = lazy(() => import('../operator/catalogue-tab.js'));
const GroupsTab = lazy(() => import('../operator/groups-tab.js'));
const FleetTab = lazy(() => import('../operator/fleet-tab.js'));
const LedgerTab = lazy(() => import('../operator/ledger-tab.js'));
const AuditTab = lazy(() => import('../operator/audit-tab.js'));

/** Everything here is checked again by the control plane: a customer who opens the address sees refusals. */
export default function OperatorPage() {
  const { t } = useLocale();
  const tabs = [
    { name: 'accounts', label: t('operator.accounts'), tab: <AccountsTab /> },
    { name: 'catalogue', label: t('operator.catalogue'), tab: <CatalogueTab /> },
    { name: 'groups', label: t('operator.groups'), tab: <GroupsTab /> },
    { name: 'fleet', label: t('operator.fleet'), tab: <FleetTab /> },
    { name: 'ledger', label: t('operator.ledger'), tab: <LedgerTab /> },
    { name: 'audit', label: t('operator.audit'), tab: <AuditTab /> },
  ];
  return (
    <Page title={t('nav.operator')}>
      <Tabs defaultValue="accounts" keepMounted={false}>
        <Tabs.List mb="md">
          {tabs.map(({ name, label }) => (
            <Tabs.Tab key={name} value={name}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map(({ name, tab }) => (
          <Tabs.Panel key={name} value={name}>
            <Suspense fallback={<Loading />}>{tab}</Suspense>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
