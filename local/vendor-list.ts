import type { VendorRow } from '../shared/snapshot.js';

export const VENDORS: readonly Omit<VendorRow, 'credentials'>[] = [];
