import type { GatewaySettings } from '../../../shared/snapshot.js';

/** What holds until the operator sets otherwise. */
export const DEFAULT_SETTINGS: GatewaySettings = {
  primaryHost: 'localhost',
  topUpUrl: '/billing',
  // Five minutes: design 4.5.
  maxRevocationStalenessMs: 300_000,
  // Above what one busy service sends, below what one runaway loop does.
  defaultRequestsPerMinute: 600,
  defaultTokensPerMinute: 2_000_000,
  autoFloor: 'value',
  probeIdleEndpoints: false,
};
