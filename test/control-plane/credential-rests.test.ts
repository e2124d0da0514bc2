import { beforeAll, expect, test } from 'vitest';
import type { CredentialRest, NodeStatus } from '../../shared/node-status.js';
import { type ControlPlaneFixture, eventually, type Person, startControlPlane } from './control-plane-fixture.js';

let control: ControlPlaneFixture;
let operator: Person;
let credentialId: string;
const SHOW = 'query ($id: ID!) { vendor(id: $id) { credentials { id restingUntil restReason restingNodes } } }';
const OPEN = '{ alerts(first: 50) { edges { node { id kind subject detail times } } } }';

interface Shown {
  readonly vendor: {
    readonly credentials: readonly { id: string; restingUntil: string | null; restReason: string | null; restingNodes: string[] }[];
  };
}
interface Alerts {
  readonly alerts: { readonly edges: readonly { readonly node: { kind: string; subject: string; detail: string } }[] };
}

beforeAll(async () => {
  control = await startControlPlane();
  operator = await control.registerOperator();
  const vendor = { id: 'acme', name: 'Acme', protocol: 'openai', baseUrl: 'https://api.acme.test/v1' };
  await control.must('mutation ($input: VendorInput!) { saveVendor(input: $input) { id } }', { input: vendor }, operator.token);
  const added = await control.must<{ addVendorCredential: { id: string } }>(
    'mutation ($input: VendorCredentialInput!) { addVendorCredential(input: $input) { id } }',
    { input: { vendorId: 'acme', secret: 'sk-of-the-operator', label: 'main' } },
    operator.token,
  );
  credentialId = added.addVendorCredential.id;
});

const show = async () => (await control.must<Shown>(SHOW, { id: 'acme' }, operator.token)).vendor.credentials[0];
const openAlert = async () =>
  (await control.must<Alerts>(OPEN, {}, operator.token)).alerts.edges
    .map(({ node }) => node)
    .find(({ kind }) => kind === 'credential_resting');

function say(restingCredentials: readonly CredentialRest[], appliedRevision = 1): void {
  const status: NodeStatus = {
    nodeId: 'us-1',
    region: 'us',
    epoch: 1,
    version: '1',
    url: 'http://127.0.0.1:1',
    startedAtMs: 1,
    reportedAtMs: Date.now(),
    ready: true,
    draining: false,
    appliedRevision,
    appliedFrom: 'redis',
    rejected: null,
    silenceMs: 0,
    openRequests: 0,
    spool: { unacknowledged: 0, bytes: 0 },
    endpoints: [],
    restingCredentials,
  };
  control.app.services.fleet.observe(status);
}

const rest = (wakes = 0): CredentialRest => ({
  credentialId,
  wakes,
  reason: 'exhausted',
  status: 402,
  sinceMs: Date.now(),
  forMs: 60_000,
});

test('a credential that a node was refused shows until when, why and where; the operator is alerted, and /metrics counts it', async () => {
  expect(await show()).toMatchObject({ restingUntil: null, restReason: null, restingNodes: [] });
  say([rest()]);
  const shown = await show();
  expect(shown).toMatchObject({ restReason: expect.stringContaining('no funds'), restingNodes: ['us-1'] });
  expect(Date.parse(shown?.restingUntil ?? '') - Date.now()).toBeGreaterThan(50_000);
  const alert = await eventually(openAlert, 10_000);
  expect(alert).toMatchObject({ subject: credentialId, detail: expect.stringMatching(/^acme "main" \(\.\.ator\): .*HTTP 402.*us-1$/) });
  const metrics = await (await fetch(`${control.url}/metrics`)).text();
  expect(metrics).toContain('modelapi_vendor_credentials_resting 1');
  expect(metrics + JSON.stringify(alert)).not.toContain('sk-of-the-operator');
});

test('one click ends the rest, in the catalogue that nodes get and at once in what is shown', async () => {
  say([rest()]);
  await control.must('mutation ($id: ID!) { wakeVendorCredential(id: $id) { id } }', { id: credentialId }, operator.token);
  expect(await show()).toMatchObject({ restingUntil: null, restReason: null });
  const wakes = await eventually(async () => {
    const { rows } = await control.database.pool.query<{ wakes: number }>('SELECT wakes FROM vendor_credential WHERE id = $1', [
      credentialId,
    ]);
    return rows[0]?.wakes === 1 ? 1 : undefined;
  });
  say([rest(wakes)]);
  expect(await show()).toMatchObject({ restReason: expect.stringContaining('no funds') });
});

test('the alert resolves itself when no live node rests it any more', async () => {
  say([]);
  await control.database.pool.query(`UPDATE alert SET last_at = now() - interval '1 minute' WHERE kind = 'credential_resting'`);
  await eventually(async () => {
    say([]);
    return (await openAlert()) === undefined ? true : undefined;
  }, 10_000);
});
