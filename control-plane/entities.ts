import type { EntityClass } from '@mikro-orm/postgresql';
import { Account } from './modules/account/account.entity.js';
import { Invitation } from './modules/account/invitation.entity.js';
import { Membership } from './modules/account/membership.entity.js';
import { LoginSession } from './modules/account/session.entity.js';
import { User } from './modules/account/user.entity.js';
import { ApiKey } from './modules/api-key/api-key.entity.js';
import { AuditLine } from './modules/audit/audit-line.entity.js';
import { AlertRow } from './modules/billing/alert.entity.js';
import { QuarantinedEvent } from './modules/billing/quarantine.entity.js';
import { Wallet } from './modules/billing/wallet.entity.js';
import { ByokCredential } from './modules/byok/byok.entity.js';
import { Endpoint, Model } from './modules/catalog/model.entity.js';
import { ModelPrice } from './modules/catalog/model-price.entity.js';
import { Vendor, VendorCredential } from './modules/catalog/vendor.entity.js';
import { Region } from './modules/fleet/region.entity.js';
import { TopUp } from './modules/payment/top-up.entity.js';
import { RoutingGroup } from './modules/routing-group/routing-group.entity.js';
import { WebhookDelivery, WebhookEndpoint } from './modules/webhook/webhook.entity.js';

/** Every table that the ORM reads. A new entity joins this list. */
export const ENTITIES: readonly EntityClass<object>[] = [
  Account,
  User,
  Membership,
  Invitation,
  LoginSession,
  ApiKey,
  ByokCredential,
  Vendor,
  VendorCredential,
  Model,
  ModelPrice,
  Endpoint,
  RoutingGroup,
  Region,
  AuditLine,
  Wallet,
  AlertRow,
  QuarantinedEvent,
  TopUp,
  WebhookEndpoint,
  WebhookDelivery,
];
