/** Faults 5, 6 and 16: what nodes know, when messages are lost, disks lie, and a node is cut off. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { Program } from '../../local/programs.js';
import { redisKeys } from '../../shared/redis-keys.js';
import { customerOf } from './account.js';
import { order } from './customer.js';
import { askAll, type Fault, first, metric, pause } from './fault.js';
import { type Fleet, limitOn, NO_LIMIT, until } from './fleet.js';

const RECONNECTED_MS = 5_000;
const SILENT_MS = 30_000;
/** Beside what is promised: the machine is shared, and the probe asks each node in turn. */
const GRACE_MS = 5_000;

export const CONFIGURATION_FAULTS: readonly Fault[] = [
  {
    number: '5',
    name: 'configuration messages lost, doubled, out of order, a node that stands still: the same revision everywhere, never an older one',
    short: false,
    async run(fleet) {
      let wanted = NO_LIMIT;
      const change = () => fleet.setKeyLimit(++wanted);
      const watch = watchRevisions(fleet.nodes);
      try {
        fleet.nodesToRedis.set({ refuse: true });
        fleet.nodesToRedis.cut();
        await change();
        await pause(500);
        fleet.nodesToRedis.resume();
        await agree(fleet, wanted, RECONNECTED_MS);

        fleet.nodesToRedis.set({ hang: true });
        await change();
        await agree(fleet, wanted, SILENT_MS);
        fleet.nodesToRedis.resume();
        fleet.nodesToRedis.cut();
        await agree(fleet, wanted, RECONNECTED_MS);

        await repeatAnnouncements(fleet, change);
        await agree(fleet, wanted, RECONNECTED_MS);

        const slow = fleet.nodes.at(-1) ?? first(fleet);
        slow.process.signal('SIGSTOP');
        for (let count = 0; count < 5; count++) await change();
        await pause(1_000);
        slow.process.signal('SIGCONT');
        await agree(fleet, wanted, RECONNECTED_MS);
      } finally {
        fleet.nodesToRedis.resume();
        expect(await watch.stop()).toEqual([]);
      }
      await askAll(fleet);
      await fleet.setKeyLimit(NO_LIMIT);
      await agree(fleet, NO_LIMIT, RECONNECTED_MS);
      return undefined;
    },
  },
  {
    number: '6',
    name: 'last-known-good with a flipped byte, or an old one put back: refused and fetched again, no rollback',
    short: false,
    async run(fleet) {
      const node = first(fleet);
      const folder = join(fleet.dataDirectory(node), 'last-known-good');
      const old = mkdtempSync(join(tmpdir(), 'modelapi-old-'));
      cpSync(folder, old, { recursive: true });
      await fleet.setKeyLimit(NO_LIMIT + 10);
      await agree(fleet, NO_LIMIT + 10, RECONNECTED_MS);
      const revision = Number(await metric(node.url, 'modelapi_config_revision'));
      await until(() => Number(readFileSync(join(folder, 'highest-revision'), 'utf8')) >= revision, 5_000, 'it is on the disk');

      for (const spoil of [
        () => flipByte(folder, (name) => /^[0-9a-f]{64}$/.test(name)),
        () => flipByte(folder, (name) => name === 'revision.json'),
        () => cpSync(join(old, 'revision.json'), join(folder, 'revision.json')),
        // Whoever can put all of it back can only be told of by somebody else.
        () => cpSync(old, folder, { recursive: true }),
      ]) {
        await node.kill();
        spoil();
        await node.start();
        await until(
          async () => (await limitOn(node, fleet.stack.apiKey)) === NO_LIMIT + 10,
          RECONNECTED_MS + GRACE_MS,
          'it is at the newest again',
        );
        expect(Number(await metric(node.url, 'modelapi_config_revision'))).toBeGreaterThanOrEqual(revision);
        await until(() => existsSync(join(folder, 'revision.json')), 5_000, 'it is on the disk again');
        await pause(500);
      }
      rmSync(old, { recursive: true });
      await order(fleet.history, { node, apiKey: fleet.stack.apiKey, maxTokens: 20 });
      await fleet.setKeyLimit(NO_LIMIT);
      await agree(fleet, NO_LIMIT, RECONNECTED_MS);
      return undefined;
    },
  },
  {
    number: '16',
    name: 'a key revoked while a node is cut off: refused everywhere else at once, there as soon as it hears again',
    short: false,
    async run(fleet) {
      const customer = await customerOf(fleet, 5n);
      const views = await askAll(fleet, customer.apiKey);
      expect(views.map((view) => view.status)).toEqual(fleet.nodes.map(() => 200));
      const lonely = fleet.nodes.at(-1) ?? first(fleet);
      lonely.process.signal('SIGSTOP');
      const revoked = await customer.call('DELETE', `/v1/keys/${customer.keyId}`);
      expect(revoked).toMatchObject({ deleted: true, propagated: { nodes: fleet.nodes.length, acknowledged: fleet.nodes.length - 1 } });
      for (const node of fleet.nodes) {
        if (node === lonely) continue;
        const view = await order(fleet.history, { node, apiKey: customer.apiKey, maxTokens: 20 });
        expect(view).toMatchObject({ status: 401, errorCode: 'invalid_api_key' });
      }
      lonely.process.signal('SIGCONT');
      await until(
        async () => (await order(fleet.history, { node: lonely, apiKey: customer.apiKey, maxTokens: 20 })).status === 401,
        RECONNECTED_MS + GRACE_MS,
        'the lonely node heard of it',
      );
      return undefined;
    },
  },
];

/** Every node answers with this limit, and all name one revision. */
async function agree(fleet: Fleet, limit: number, withinMs: number): Promise<void> {
  await until(
    async () => {
      const limits = await Promise.all(fleet.nodes.map((node) => limitOn(node, fleet.stack.apiKey)));
      const revisions = await Promise.all(fleet.nodes.map((node) => metric(node.url, 'modelapi_config_revision')));
      return limits.every((one) => one === limit) && new Set(revisions).size === 1;
    },
    withinMs + GRACE_MS,
    `every node has the limit ${limit}`,
  );
}

/** Each announcement of five changes comes three times more, the newest first. */
async function repeatAnnouncements(fleet: Fleet, change: () => Promise<void>): Promise<void> {
  const { configChannel } = redisKeys('chaos');
  const [listener, speaker] = [new Redis(fleet.redis.url), new Redis(fleet.redis.url)];
  const heard: string[] = [];
  listener.on('message', (_channel, message) => void heard.push(message));
  await listener.subscribe(configChannel);
  for (let count = 0; count < 5; count++) {
    await change();
    await pause(200);
  }
  await until(() => heard.length > 0, 5_000, 'a change was announced');
  for (let again = 0; again < 3; again++) for (const message of heard.toReversed()) await speaker.publish(configChannel, message);
  listener.disconnect();
  speaker.disconnect();
}

/** `stop` returns every step back that a node took. */
function watchRevisions(nodes: readonly Program[]): { stop(): Promise<string[]> } {
  const back: string[] = [];
  const seen = new Map<string, number>();
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      for (const node of nodes) {
        const signal = AbortSignal.timeout(500);
        const text = await fetch(`${node.url}/metrics`, { signal }).then(
          (response) => response.text(),
          () => '',
        );
        const revision = Number(/^modelapi_config_revision\S* (\d+)/m.exec(text)?.[1] ?? 0);
        if (revision > 0 && revision < (seen.get(node.name) ?? 0))
          back.push(`${node.name} went from ${seen.get(node.name)} to ${revision}`);
        if (revision > 0) seen.set(node.name, revision);
      }
      await pause(100);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await watching;
      return back;
    },
  };
}

function flipByte(folder: string, wanted: (name: string) => boolean): void {
  for (const name of readdirSync(folder).filter(wanted)) {
    const bytes = readFileSync(join(folder, name));
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(join(folder, name), bytes);
  }
}
