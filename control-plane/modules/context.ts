/**
 * What a resolver is handed. `actor` is null for nobody; everything else is of this one request or shared and safe to share.
 * Built by `graphql/context.ts`; `services` by the composition root, `app.ts`. Modules read this file and never those.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import type { PasswordHasher } from './account/hash-password.js';
import type { SessionSigner } from './account/sign-session.js';
import type { SettleAgain } from './billing/settle-again.js';
import type { Kms } from './byok/kms.js';
import type { EgressClient } from './egress/egress-client.js';
import type { Fleet } from './fleet/fleet.js';
import type { LiveChanges } from './live/live-changes.js';
import type { Mailer } from './mail/mailer.js';
import type { Payments } from './payment/payments.js';
import type { Actor } from './permissions.js';
import type { RowLoaders } from './row-loaders.js';

export interface Services {
  readonly pool: Pool;
  readonly passwords: PasswordHasher;
  readonly sessions: SessionSigner;
  readonly kms: Kms;
  readonly fleet: Fleet;
  readonly live: LiveChanges;
  /** For every URL that a customer can influence. */
  readonly egress: EgressClient;
  readonly mailer: Mailer;
  /** Where the links of mails lead. */
  readonly publicUrl: string;
  /** Where the API answers; absent is the primary host of the settings, over https. */
  readonly gatewayUrl: string | undefined;
  readonly apiKeyPepper: string;
  /** What the control plane tells a node is signed under it. */
  readonly nodeToken: string;
  readonly signUpsPerHour: number;
  readonly payments: Payments;
  readonly settleAgain: SettleAgain;
}

export interface RequestContext {
  /** A fork of this request's own. */
  readonly em: EntityManager;
  readonly pool: Pool;
  readonly actor: Actor | null;
  readonly address: string;
  readonly userAgent: string;
  readonly services: Services;
  /** Aborts when a stream is to end: its client left, its session ended, this process stops. Never for a query. */
  readonly closing: AbortSignal;
  readonly load: RowLoaders;
}
