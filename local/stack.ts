/**
 * One control plane, data-plane nodes, the sandbox vendor and (unless there is a real one) a stand-in for Stripe on one machine, over a PostgreSQL and a Redis that run already and a
 * database that is migrated and seeded. `npm start` has one; so has each end-to-end test.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  controlPlaneEnvironment,
  dataPlaneEnvironment,
  fakeStripeAccess,
  fakeStripeEnvironment,
  type Inherited,
  type StackAddresses,
  sandboxEnvironment,
} from './program-environment.js';
import { Program } from './programs.js';
import type { Secrets } from './secrets.js';

export interface StackPlan {
  /** Of the compiled program, absolute. */
  readonly dist: string;
  /** Spools and last-known-good of the nodes, one folder each. */
  readonly nodesFolder: string;
  readonly logFolder: string;
  readonly mailFolder: string;
  readonly addresses: StackAddresses;
  readonly secrets: Secrets;
  /** In this order; names are unique. */
  readonly nodes: readonly PlannedNode[];
  /** Absent: payments are what `inherited` says of them. */
  readonly fakeStripePort?: number;
  readonly inherited: Inherited;
  /** More variables for one kind of program: a test's own settings. */
  readonly extra?: { readonly controlPlane?: Inherited; readonly dataPlane?: Inherited };
}

export interface PlannedNode {
  readonly nodeId: string;
  readonly region: string;
  readonly port: number;
}

/** Where a node answers, before it runs. */
export function nodeUrl(node: PlannedNode): string {
  return `http://127.0.0.1:${node.port}`;
}

/** One machine has no primary host: the first node is where customers are sent. */
function gatewayAccess([first]: readonly PlannedNode[]): Record<string, string> {
  return first === undefined ? {} : { GATEWAY_URL: nodeUrl(first) };
}

/** The product's own name for the region, as it is on one machine: browsers and curl know that `.localhost` is here. */
export function regionHost(node: PlannedNode): string {
  return `http://${node.region}.api.localhost:${node.port}`;
}

export class Stack {
  readonly control: Program;
  readonly nodes: readonly Program[];
  readonly sandbox: Program;
  readonly stripe: Program | undefined;

  constructor(plan: StackPlan) {
    const { dist, logFolder, addresses, secrets, inherited, extra, fakeStripePort } = plan;
    const payments = fakeStripePort === undefined ? {} : fakeStripeAccess(fakeStripePort, secrets);
    this.control = new Program({
      kind: 'control-plane',
      name: 'control-plane',
      dist,
      logFolder,
      environment: {
        ...controlPlaneEnvironment(addresses, secrets, plan.mailFolder, inherited),
        ...gatewayAccess(plan.nodes),
        ...payments,
        ...extra?.controlPlane,
      },
    });
    this.nodes = plan.nodes.map((node) => {
      const dataDirectory = join(plan.nodesFolder, node.nodeId);
      mkdirSync(dataDirectory, { recursive: true });
      const environment = dataPlaneEnvironment(addresses, secrets, { ...node, dataDirectory }, inherited);
      return new Program({ kind: 'data-plane', name: node.nodeId, dist, logFolder, environment: { ...environment, ...extra?.dataPlane } });
    });
    this.sandbox = new Program({
      kind: 'sandbox',
      name: 'sandbox',
      dist,
      logFolder,
      environment: sandboxEnvironment(Number(new URL(addresses.sandboxUrl).port), inherited),
    });
    this.stripe =
      fakeStripePort === undefined
        ? undefined
        : new Program({
            kind: 'fake-stripe',
            name: 'fake-stripe',
            dist,
            logFolder,
            environment: fakeStripeEnvironment(fakeStripePort, addresses, secrets),
          });
  }

  get programs(): readonly Program[] {
    return [this.sandbox, ...(this.stripe === undefined ? [] : [this.stripe]), this.control, ...this.nodes];
  }

  /** Resolves when all answer. Rejects with the first that does not; the caller stops the others. */
  async start(): Promise<void> {
    await Promise.all(this.programs.map((program) => program.start()));
  }

  /** Nodes first, so that their last usage is taken in. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all([this.control.stop(), this.sandbox.stop(), this.stripe?.stop()]);
  }
}
