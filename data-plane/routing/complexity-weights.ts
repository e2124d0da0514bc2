import type { GroupKind } from '../../shared/snapshot.js';

/** Where each kind of group begins: reasoning is rarely asked for in vain. */
export const KIND_OFFSET: Readonly<Record<GroupKind, number>> = { code: 0.2, write: 0.1, reason: 0.3, analyze: 0.2, general: 0.15 };
