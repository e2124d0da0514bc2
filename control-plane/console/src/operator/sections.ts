import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { MessageKey } from '../messages/en.js';

export interface OperatorSection {
  /** In the address: `/operator/<name>`. */
  readonly name: string;
  readonly label: MessageKey;
  readonly hint: MessageKey;
  readonly page: LazyExoticComponent<ComponentType>;
}

/** In the order of the menu. Each page is loaded when it is opened. */
export const OPERATOR_SECTIONS: readonly OperatorSection[] = [
  { name: 'revenue', label: 'operator.revenue', hint: 'operator.revenueHint', page: lazy(() => import('./revenue-tab.js')) },
  { name: 'accounts', label: 'operator.accounts', hint: 'operator.accountsHint', page: lazy(() => import('./accounts-tab.js')) },
  { name: 'payments', label: 'operator.payments', hint: 'operator.paymentsHint', page: lazy(() => import('./payments-tab.js')) },
  { name: 'batches', label: 'operator.batches', hint: 'operator.batchesHint', page: lazy(() => import('./batches-tab.js')) },
  { name: 'catalogue', label: 'operator.catalogue', hint: 'operator.catalogueHint', page: lazy(() => import('./catalogue-tab.js')) },
  { name: 'import', label: 'operator.import', hint: 'operator.importHint', page: lazy(() => import('./import-tab.js')) },
  { name: 'vendors', label: 'operator.vendors', hint: 'operator.vendorsHint', page: lazy(() => import('./vendors-tab.js')) },
  { name: 'groups', label: 'operator.groups', hint: 'operator.groupsHint', page: lazy(() => import('./groups-tab.js')) },
  { name: 'fleet', label: 'operator.fleet', hint: 'operator.fleetHint', page: lazy(() => import('./fleet-tab.js')) },
  { name: 'revisions', label: 'operator.revisions', hint: 'operator.revisionsHint', page: lazy(() => import('./revisions-tab.js')) },
  { name: 'ledger', label: 'operator.reconciliation', hint: 'operator.ledgerHint', page: lazy(() => import('./ledger-tab.js')) },
  { name: 'alerts', label: 'operator.alerts', hint: 'operator.alertsHint', page: lazy(() => import('./alerts-tab.js')) },
  { name: 'audit', label: 'operator.audit', hint: 'operator.auditHint', page: lazy(() => import('./audit-tab.js')) },
];
