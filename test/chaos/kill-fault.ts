import { expect } from 'vitest';
import { traffic } from './customer.js';
import { CUSTOMERS, type Fault, pause } from './fault.js';
import { type Fleet, until } from './fleet.js';

/** Served between two deaths: usage is under way in every part when the next one dies. */
const SERVED_BETWEEN = 40;
const SERVED_MS = 60_000;
const DEAD_MS = 1_000;

export const KILL_FAULT: Fault = {
  number: '0',
  name: 'kill -9 of each process in turn, under load: no settlement is lost, nothing is settled twice',
  short: false,
  async run(fleet) {
    const load = traffic(fleet.history, fleet.stack.apiKey, () => fleet.nodes, CUSTOMERS);
    for (const { kill, start } of victims(fleet)) {
      await serveSome(fleet);
      await kill();
      await pause(DEAD_MS);
      await start();
    }
    await serveSome(fleet);
    await load.stop();
    // 0: the connection of a node that was killed. Our own absence is never the customer's fault.
    expect(fleet.history.views.filter(({ status }) => ![0, 200, 502, 503].includes(status))).toEqual([]);
    return undefined;
  },
};

interface Victim {
  kill(): Promise<void>;
  start(): Promise<void>;
}

function victims({ nodes, stack, redis, postgres }: Fleet): Victim[] {
  const programs = [...nodes, stack.control, stack.sandbox].map((program) => ({
    kill: () => program.kill(),
    start: () => program.start(),
  }));
  return [...programs, redis, postgres];
}

async function serveSome(fleet: Fleet): Promise<void> {
  const enough = fleet.history.served.length + SERVED_BETWEEN;
  await until(() => fleet.history.served.length >= enough, SERVED_MS, `${SERVED_BETWEEN} requests were served`);
}
