/**
 * One history of a small fleet: requests, faults, then peace; the invariants are checked throughout and at the end. The seed decides all.
 */
import { NANO_PER_USD } from '../../shared/money.js';
import { History } from './history.js';
import { checkAlways, checkQuiet } from './invariants.js';
import { Ledger } from './ledger.js';
import { Network } from './network.js';
import { SimulatedNode } from './node.js';
import { makeModel, makeScript } from './vendor.js';
import { World } from './world.js';

const NODES = 3;
/** Longer than a lease lives without its node; most histories are quiet after a minute. */
const PEACE_MS = 22 * 60_000;
const LOOK_MS = 30_000;

export interface Outcome {
  readonly seed: number;
  readonly violation: string | undefined;
  readonly admitted: number;
  readonly refused: number;
  readonly crashes: number;
}

export function simulate(seed: number): Outcome {
  const simulation = new Simulation(seed);
  const violation = simulation.run();
  const { history, crashes } = simulation;
  return { seed, violation, admitted: history.requests.size, refused: history.refusals.size, crashes };
}

class Simulation {
  readonly world: World;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly history = new History();
  readonly nodes: SimulatedNode[];
  crashes = 0;
  #violation: string | undefined;
  #peace = false;

  constructor(seed: number) {
    this.world = new World(seed);
    this.ledger = new Ledger(
      () => this.world.nowMs,
      () => this.nodes.filter((node) => node.up).length,
    );
    this.network = new Network(this.world, this.ledger);
    this.nodes = Array.from({ length: NODES }, (_, index) => new SimulatedNode(`node-${index}`, this.world, this.network, this.history));
  }

  run(): string | undefined {
    try {
      const { random } = this.world;
      const warMs = random.between(5_000, 60_000);
      this.network.trouble = random.pick([0, 0.02, 0.15]);
      this.#openAccounts();
      for (const node of this.nodes) node.boot();
      this.#every(40, () => this.network.consume());
      this.#every(5_000, () => this.ledger.expire());
      this.#requests(warMs);
      this.#faults(warMs);
      this.world.runUntil(warMs);
      this.#makePeace();
      for (let quiet = 0; quiet < 2 && this.world.nowMs < warMs + PEACE_MS; quiet = this.#isQuiet() ? quiet + 1 : 0)
        this.world.runUntil(this.world.nowMs + LOOK_MS);
      return this.#violation ?? checkQuiet(this.ledger, this.history, this.nodes);
    } catch (error) {
      return `thrown: ${error instanceof Error ? error.stack : String(error)}`;
    }
  }

  #openAccounts(): void {
    const { random } = this.world;
    for (let account = 0; account < 2; account++) {
      const dollars = random.pick([0.001, 0.02, 0.2, 1, 5]);
      this.ledger.topUp(`account-${account}`, BigInt(Math.round(dollars * Number(NANO_PER_USD))));
      if (random.chance(0.3)) this.ledger.budgets.set(`key-${account}-0`, BigInt(Math.round(dollars * 0.3 * Number(NANO_PER_USD))));
    }
  }

  #requests(warMs: number): void {
    const { random } = this.world;
    const models = [makeModel(random, 'small'), makeModel(random, 'large')];
    const submit = () => {
      const account = random.between(0, 1);
      const script = makeScript(
        random,
        `account-${account}`,
        `key-${account}-${random.between(0, 1)}`,
        random.pick(models),
        this.world.nowMs,
      );
      random.pick(this.nodes).serve(script);
    };
    for (let count = random.between(10, 60); count > 0; count--) this.world.after(random.between(1, warMs), submit);
    if (random.chance(0.3)) {
      const atMs = random.between(1, warMs);
      for (let count = random.between(10, 40); count > 0; count--) this.world.after(atMs + random.between(0, 20), submit);
    }
    if (random.chance(0.3)) this.world.after(random.between(1, warMs), () => this.ledger.topUp('account-0', NANO_PER_USD));
  }

  #faults(warMs: number): void {
    const { world, network } = this;
    const { random } = world;
    const faults: (() => void)[] = [
      () => this.#crash(random.pick(this.nodes), 'process'),
      () => this.#crash(random.pick(this.nodes), 'process'),
      () => this.#crash(random.pick(this.nodes), random.pick(['process', 'power', 'disk'])),
      () => network.wipeRedis(),
      () => this.#outage('redisUp', random.between(100, 20_000)),
      () => this.#outage('ledgerUp', random.between(100, 20_000)),
      () => {
        random.pick(this.nodes).clockOffsetMs += random.between(-600_000, 600_000);
      },
      () => random.pick(this.nodes).drain(),
    ];
    if (random.chance(0.05)) faults.push(() => this.#longOutage());
    for (let count = random.between(0, 6); count > 0; count--) world.after(random.between(1, warMs), random.pick(faults));
  }

  #crash(node: SimulatedNode, kind: 'process' | 'power' | 'disk'): void {
    if (!node.up) return;
    this.crashes++;
    if (kind === 'process') node.crash();
    if (kind === 'power') node.losePower();
    if (kind === 'disk') node.loseDisk();
    this.world.after(this.world.random.between(1, 10_000), () => node.boot());
  }

  #outage(part: 'redisUp' | 'ledgerUp', lastsMs: number): void {
    this.network[part] = false;
    this.world.after(lastsMs, () => {
      this.network[part] = true;
    });
  }

  /** A node that is away for longer than its leases live. */
  #longOutage(): void {
    const node = this.world.random.pick(this.nodes);
    this.history.longOutage = true;
    node.crash();
    this.world.after(17 * 60_000, () => node.boot());
  }

  #makePeace(): void {
    this.#peace = true;
    Object.assign(this.network, { trouble: 0, redisUp: true, ledgerUp: true });
    for (const node of this.nodes) {
      node.turnMs = 1_000;
      if (!this.history.longOutage) node.boot();
    }
  }

  /** Every lease is closed and every request settled, as far as it can be. */
  #isQuiet(): boolean {
    if (this.nodes.some((node) => !node.up)) return false;
    for (const lease of this.ledger.leases.values()) if (lease.state === 'open') return false;
    for (const [id, { diskLost }] of this.history.requests) if (!diskLost && !this.ledger.settlements.has(id)) return false;
    return true;
  }

  #every(periodMs: number, run: () => void): void {
    const turn = () => {
      run();
      this.#violation ??= checkAlways(this.ledger, this.nodes);
      if (this.#violation === undefined) this.world.after(this.#peace ? Math.max(periodMs, 1_000) : periodMs, turn);
    };
    this.world.after(periodMs, turn);
  }
}
