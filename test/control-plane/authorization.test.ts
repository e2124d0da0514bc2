/**
 * Every operation of the schema, called as nobody, as members without the role, as a customer where an operator is wanted, as a
 * suspended account, and with another tenant's ids. An operation that has no entry here fails the test: somebody must decide who may.
 */
import { randomUUID } from 'node:crypto';
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildGraphqlSchema } from '../../control-plane/graphql/schema.js';
import { allows, type Permission, ROLES, type Role } from '../../control-plane/modules/permissions.js';
import { type ControlPlaneFixture, type Person, startControlPlane } from './control-plane-fixture.js';

type Access = 'public' | Permission;
type Foreign = 'apiKey' | 'session' | 'byok' | 'invitation' | 'member' | 'account' | 'webhook' | 'delivery' | 'any';

/** Who may call what. `foreign`: takes an id of a tenant's own thing, and must not find another's. */
const OPERATIONS: Readonly<Record<string, Access | { readonly access: Permission; readonly foreign: Foreign }>> = {
  register: 'public',
  login: 'public',
  refreshSession: 'public',
  logout: 'public',
  revokeLeakedKey: 'public',
  me: 'account:read',
  sessions: 'account:read',
  revokeSession: { access: 'account:read', foreign: 'session' },
  requestPasswordReset: 'public',
  resetPassword: 'public',
  verifyEmail: 'public',
  changePassword: 'account:read',
  requestEmailVerification: 'account:read',
  beginTotp: 'account:read',
  confirmTotp: 'account:read',
  disableTotp: 'account:read',
  members: 'members:read',
  myAccounts: 'account:read',
  switchAccount: { access: 'account:read', foreign: 'account' },
  invitations: 'members:write',
  inviteMember: 'members:write',
  revokeInvitation: { access: 'members:write', foreign: 'invitation' },
  acceptInvitation: 'account:read',
  changeMemberRole: { access: 'members:write', foreign: 'member' },
  removeMember: { access: 'account:read', foreign: 'member' },
  updateAccount: 'account:write',
  exportAccount: 'audit:read',
  closeAccount: 'account:close',
  apiKeys: 'keys:read',
  createApiKey: 'keys:write',
  updateApiKey: { access: 'keys:write', foreign: 'apiKey' },
  revokeApiKey: { access: 'keys:write', foreign: 'apiKey' },
  rotateApiKey: { access: 'keys:write', foreign: 'apiKey' },
  pauseApiKey: { access: 'keys:write', foreign: 'apiKey' },
  byokCredentials: 'keys:read',
  createByokCredential: 'keys:write',
  deleteByokCredential: { access: 'keys:write', foreign: 'byok' },
  auditLog: 'audit:read',
  operatorAuditLog: 'operator',
  verifyAuditLog: 'operator',
  accounts: 'operator',
  account: 'operator',
  accountKeys: 'operator',
  suspendAccount: 'operator',
  limitAccount: 'operator',
  vendors: 'operator',
  vendor: 'operator',
  saveVendor: 'operator',
  addVendorCredential: 'operator',
  updateVendorCredential: 'operator',
  deleteVendorCredential: 'operator',
  wakeVendorCredential: 'operator',
  models: 'operator',
  model: 'operator',
  endpoints: 'operator',
  marginPreview: 'operator',
  saveModel: 'operator',
  setModelPrice: 'operator',
  saveEndpoint: 'operator',
  deleteEndpoint: 'operator',
  gatewaySettings: 'operator',
  saveGatewaySettings: 'operator',
  routingGroups: 'operator',
  explainRoute: 'operator',
  saveRoutingGroup: 'operator',
  deleteRoutingGroup: 'operator',
  nodes: 'operator',
  revisions: 'operator',
  revisionDiff: 'operator',
  rollBackCatalog: 'operator',
  regions: 'operator',
  saveRegion: 'operator',
  forgetNode: 'operator',
  drainNode: 'operator',
  catalogueImport: 'operator',
  applyCatalogueImport: 'operator',
  reconciliation: 'operator',
  payments: 'operator',
  houseBatches: 'operator',
  tierShares: 'operator',
  // Engineer C's: money and usage.
  wallet: 'billing:read',
  ledger: 'billing:read',
  walletOf: 'operator',
  ledgerOf: 'operator',
  trialBalance: 'operator',
  adjustAccount: 'operator',
  unfreezeAccount: 'operator',
  revenue: 'operator',
  setLowBalanceAlert: 'billing:write',
  alerts: 'operator',
  resolveAlert: 'operator',
  quarantinedEvents: 'operator',
  resolveQuarantinedEvent: 'operator',
  settleQuarantinedEvent: 'operator',
  statement: 'billing:read',
  createTopUp: 'billing:write',
  topUp: { access: 'billing:read', foreign: 'any' },
  topUps: 'billing:read',
  autoTopUp: 'billing:read',
  setAutoTopUp: 'billing:write',
  saveCard: 'billing:write',
  removeSavedCard: 'billing:write',
  webhookEndpoints: 'webhooks:read',
  webhookDeliveries: 'webhooks:read',
  createWebhookEndpoint: 'webhooks:write',
  rotateWebhookSecret: 'webhooks:write',
  enableWebhookEndpoint: { access: 'webhooks:write', foreign: 'webhook' },
  deleteWebhookEndpoint: { access: 'webhooks:write', foreign: 'webhook' },
  sendTestWebhook: { access: 'webhooks:write', foreign: 'webhook' },
  resendWebhook: { access: 'webhooks:write', foreign: 'delivery' },
  catalogModels: 'account:read',
  catalogGroups: 'account:read',
  gateway: 'account:read',
  topUpMethods: 'billing:read',
  batches: 'batches:read',
  batch: { access: 'batches:read', foreign: 'any' },
  cancelBatch: { access: 'batches:write', foreign: 'any' },
  requests: 'usage:read',
  usage: 'usage:read',
  generation: { access: 'usage:read', foreign: 'any' },
};

interface Operation {
  readonly name: string;
  readonly kind: 'query' | 'mutation';
  readonly field: GraphQLField<unknown, unknown>;
}

const schema = buildGraphqlSchema();
const operations: Operation[] = (['query', 'mutation'] as const).flatMap((kind) => {
  const type = kind === 'query' ? schema.getQueryType() : schema.getMutationType();
  return Object.values(type?.getFields() ?? {}).map((field) => ({ name: field.name, kind, field }));
});

function accessOf(name: string): Access | undefined {
  const entry = OPERATIONS[name];
  return typeof entry === 'object' ? entry.access : entry;
}

/** The operation with an argument of the right type for every required one, asking for every plain member of the answer. */
function documentOf({ kind, field, name }: Operation, id = '01a204fe-0000-7000-8000-000000000000'): string {
  const given = field.args.filter((argument) => isNonNullType(argument.type) && argument.defaultValue === undefined);
  const args = given.map((argument: GraphQLArgument) => `${argument.name}: ${literalOf(argument.type, id)}`).join(', ');
  return `${kind} { ${name}${args && `(${args})`} ${selectionOf(field.type)} }`;
}

function literalOf(type: GraphQLInputType, id: string): string {
  if (isNonNullType(type)) return literalOf(type.ofType, id);
  if (isListType(type)) return `[${literalOf(type.ofType, id)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
    return `{ ${required.map((field) => `${field.name}: ${literalOf(field.type, id)}`).join(', ')} }`;
  }
  const values: Record<string, string> = {
    ID: `"${id}"`,
    Int: '1',
    Float: '1',
    Boolean: 'true',
    DateTime: '"2030-01-01T00:00:00Z"',
    JSON: '{}',
  };
  return values[type.name] ?? '"a text"';
}

function selectionOf(type: GraphQLOutputType): string {
  if (isNonNullType(type) || isListType(type)) return selectionOf(type.ofType);
  if (!isObjectType(type)) return '';
  const plain = Object.values(type.getFields()).filter((field) => field.args.length === 0 && isPlain(field.type));
  return `{ ${['__typename', ...plain.map((field) => field.name)].join(' ')} }`;
}

function isPlain(type: GraphQLOutputType): boolean {
  return isNonNullType(type) || isListType(type) ? isPlain(type.ofType) : isLeafType(type);
}

let control: ControlPlaneFixture;
let owner: Person;
let stranger: Person;
const members = new Map<Role, Person>();

beforeAll(async () => {
  control = await startControlPlane();
  owner = await control.register();
  stranger = await control.register();
  for (const role of ROLES) {
    const member = await control.register();
    await control.database.pool.query('UPDATE membership SET role = $2 WHERE user_id = $1', [member.userId, role]);
    members.set(role, member);
  }
});

const codesOf = (answer: { errors?: readonly { extensions: { code: string } }[] }) =>
  answer.errors?.map((error) => error.extensions.code) ?? [];

test('every subscription asks for a permission before anything is followed', async () => {
  const fields = Object.values(schema.getSubscriptionType()?.getFields() ?? {});
  expect(fields.map((field) => field.name)).toEqual(['walletChanged', 'batchProgress', 'fleetChanged']);
  for (const field of fields) {
    const query = `subscription { ${field.name} ${selectionOf(field.type)} }`;
    expect(await openStream(query, undefined)).toMatch(/invalid_session/);
    if (field.name === 'fleetChanged') expect(await openStream(query, owner.token)).toMatch(/forbidden/);
  }
});

async function openStream(query: string, token: string | undefined): Promise<string> {
  const response = await fetch(`${control.url}/graphql/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  return response.text();
}

test('every operation of the schema has an entry, and every entry an operation', () => {
  expect(Object.keys(OPERATIONS).sort()).toEqual(operations.map((operation) => operation.name).sort());
});

describe.each(operations)('$kind $name', (operation) => {
  const access = accessOf(operation.name);

  test.runIf(access !== 'public')('refuses nobody with invalid_session', async () => {
    expect(codesOf(await control.graphql(documentOf(operation)))).toEqual(['invalid_session']);
  });

  test.runIf(access !== undefined && access !== 'public')('refuses roles without the permission, and only those', async () => {
    for (const [role, member] of members) {
      const actor = { role, operator: false, userId: '', accountId: '', sessionId: '', accountStatus: 'active', address: '' } as const;
      if (access === undefined || access === 'public' || allows(actor, access)) continue;
      expect([role, codesOf(await control.graphql(documentOf(operation), {}, member.token))]).toEqual([role, ['forbidden']]);
    }
  });
});

describe('another tenant', () => {
  const foreign = operations.flatMap((operation) => {
    const entry = OPERATIONS[operation.name];
    return typeof entry === 'object' ? [{ ...operation, what: entry.foreign }] : [];
  });

  test.each(foreign)("does not reach the owner's through $name", async ({ what, ...operation }) => {
    const id = await idOf(what);
    const answer = await control.graphql<Record<string, unknown>>(documentOf(operation, id), {}, stranger.token);
    if (answer.errors) expect(codesOf(answer)).toEqual(['not_found']);
    else expect(answer.data?.[operation.name]).toBeNull();
  });

  async function idOf(what: Foreign): Promise<string> {
    const { pool } = control.database;
    if (what === 'member') return owner.userId;
    if (what === 'account') return owner.accountId;
    if (what === 'invitation') {
      const invited = await control.must<{ inviteMember: { id: string } }>(
        'mutation { inviteMember(email: "friend@example.com", role: "viewer") { id } }',
        {},
        owner.token,
      );
      return invited.inviteMember.id;
    }
    if (what === 'webhook' || what === 'delivery') {
      const [endpointId, deliveryId] = [randomUUID(), randomUUID()];
      await pool.query(`INSERT INTO webhook_endpoint (id, account_id, url, event_types) VALUES ($1, $2, 'https://example.com/', '{}')`, [
        endpointId,
        owner.accountId,
      ]);
      await pool.query(
        `INSERT INTO webhook_delivery (id, account_id, endpoint_id, event_type, payload, status) VALUES ($1, $2, $3, 'webhook.test', '{}', 'failed')`,
        [deliveryId, owner.accountId, endpointId],
      );
      return what === 'webhook' ? endpointId : deliveryId;
    }
    if (what === 'session') return (await pool.query('SELECT id FROM session WHERE user_id = $1', [owner.userId])).rows[0].id;
    if (what === 'apiKey') {
      const created = await control.must<{ createApiKey: { apiKey: { id: string } } }>(
        'mutation { createApiKey(input: { name: "mine" }) { apiKey { id } } }',
        {},
        owner.token,
      );
      return created.createApiKey.apiKey.id;
    }
    if (what === 'byok') {
      await pool.query(
        `INSERT INTO vendor (id, name, protocol, base_url) VALUES ('openai', 'OpenAI', 'openai', 'http://127.0.0.1:1/v1') ON CONFLICT DO NOTHING`,
      );
      const created = await control.must<{ createByokCredential: { id: string } }>(
        'mutation { createByokCredential(input: { provider: "openai", apiKey: "sk-of-the-owner-1234" }) { id } }',
        {},
        owner.token,
      );
      return created.createByokCredential.id;
    }
    return '01a204fe-0000-7000-8000-000000000000';
  }
});

describe('a suspended account', () => {
  const mutations = operations.filter(({ kind }) => kind === 'mutation');
  const writes = mutations.filter(({ name }) =>
    ['keys:write', 'account:write', 'members:write', 'batches:write', 'webhooks:write'].includes(accessOf(name) ?? ''),
  );
  /** These can only make things safer. */
  const open = new Set(['revokeApiKey']);

  test.each(writes.filter(({ name }) => !open.has(name)))('cannot $name', async (operation) => {
    const suspended = await control.register();
    await control.database.pool.query(`UPDATE account SET status = 'suspended' WHERE id = $1`, [suspended.accountId]);
    expect(codesOf(await control.graphql(documentOf(operation), {}, suspended.token))).toEqual(['account_suspended']);
  });
});
