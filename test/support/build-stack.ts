/**
 * A whole product on free ports over a given database and Redis: seeded, running, with the sandbox playing every vendor of the
 * catalogue. Knows nothing of vitest: benchmark and chaos programs use it as the end-to-end tests do (`stack.ts`).
 */
import { join } from 'node:path';
import { VENDORS } from '../../control-plane/modules/catalog/data/vendors.js';
import { OPERATOR_EMAIL, seedDemo } from '../../local/demo-data.js';
import type { StackAddresses } from '../../local/program-environment.js';
import type { Program } from '../../local/programs.js';
import { generateSecrets, type Secrets } from '../../local/secrets.js';
import { findAnyFreePort } from '../../local/services/free-port.js';
import { nodeUrl, type PlannedNode, Stack, type StackPlan } from '../../local/stack.js';

export interface StackPlace {
  readonly dist: string;
  /** Spools, last-known-good, logs. */
  readonly folder: string;
  /** Migrated, empty. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
}

export interface StackChoices {
  /** Regions of the nodes; a region may stand there twice. Default: one node in `us`. */
  readonly nodes?: readonly string[];
  /** False: vendors have no credential, and the vendor `sandbox` serves all, as in a first `npm start`. Default: true. */
  readonly playVendors?: boolean;
  /** A stand-in for Stripe that the control plane charges and hears. Default: no payments. */
  readonly fakeStripe?: boolean;
  /** More variables; told where everything will be, so that a proxy can be put in between. */
  readonly extra?: (addresses: StackAddresses) => NonNullable<StackPlan['extra']> | Promise<NonNullable<StackPlan['extra']>>;
}

export interface BuiltStack {
  readonly control: Program;
  readonly nodes: readonly Program[];
  readonly sandbox: Program;
  readonly stripe: Program | undefined;
  /** The first node. */
  readonly gateway: string;
  readonly apiKey: string;
  readonly testKey: string;
  readonly operator: { readonly email: string; readonly password: string };
  readonly secrets: Secrets;
  readonly addresses: StackAddresses;
  readonly logFolder: string;
  stop(): Promise<void>;
}

/** Resolves when everything answers; on failure what was started is stopped. */
export async function buildStack(place: StackPlace, choices: StackChoices = {}): Promise<BuiltStack> {
  const { nodes: wanted = ['us'], playVendors = true } = choices;
  const secrets = generateSecrets([...new Set(wanted)]);
  const [controlPort, sandboxPort] = [await findAnyFreePort(), await findAnyFreePort()];
  const nodes: PlannedNode[] = [];
  for (const [index, region] of wanted.entries()) {
    nodes.push({ nodeId: `${region}-${index + 1}`, region, port: await findAnyFreePort() });
  }
  const { dist, databaseUrl, redisUrl, redisPrefix, folder } = place;
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  const addresses = { databaseUrl, redisUrl, redisPrefix, controlPlaneUrl: `http://127.0.0.1:${controlPort}`, sandboxUrl };
  await seedDemo({
    databaseUrl,
    secrets,
    regions: Object.fromEntries(nodes.toReversed().map((node) => [node.region, nodeUrl(node)])),
    sandboxUrl,
    vendors: playVendors ? playedVendors(sandboxUrl) : NO_VENDORS,
    warn: (problem) => process.stderr.write(`${problem}\n`),
  });
  const logFolder = join(folder, 'logs');
  const extra = await choices.extra?.(addresses);
  const stack = new Stack({
    dist,
    nodesFolder: join(folder, 'nodes'),
    logFolder,
    addresses,
    secrets,
    nodes,
    mailFolder: join(folder, 'mail'),
    ...(choices.fakeStripe === true ? { fakeStripePort: await findAnyFreePort() } : {}),
    inherited: {},
    ...(extra === undefined ? {} : { extra }),
  });
  try {
    await stack.start();
  } catch (error) {
    await stack.stop();
    throw error;
  }
  const [first] = stack.nodes;
  return {
    control: stack.control,
    nodes: stack.nodes,
    sandbox: stack.sandbox,
    stripe: stack.stripe,
    gateway: first?.url ?? '',
    apiKey: secrets.apiKey,
    testKey: secrets.testKey,
    operator: { email: OPERATOR_EMAIL, password: secrets.operatorPassword },
    secrets,
    addresses,
    logFolder,
    stop: () => stack.stop(),
  };
}

const NO_VENDORS = { known: [], credentials: {}, baseUrls: {}, localOpenAiBaseUrl: undefined };

/** The sandbox speaks each vendor's protocol and dialect under `/vendors/<id>`. */
function playedVendors(sandboxUrl: string) {
  const known = VENDORS.map((vendor) => vendor.id);
  return {
    known,
    credentials: Object.fromEntries(known.map((id) => [id, `sandbox-plays-${id}`])),
    baseUrls: Object.fromEntries(known.map((id) => [id, `${sandboxUrl}/vendors/${id}/v1`])),
    localOpenAiBaseUrl: undefined,
  };
}
