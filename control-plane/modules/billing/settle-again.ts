import type { Actor } from '../permissions.js';

/** Settles an event of the quarantine, once what it was refused for is mended. Made by the composition root. */
export type SettleAgain = (actor: Actor, quarantineId: bigint, reason: string) => Promise<void>;
