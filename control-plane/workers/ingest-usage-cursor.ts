/** What of each (node, epoch) was taken: the prefix up to the cursor, and single sequences above a hole. */
import type { PoolClient } from 'pg';
import { plainArray, textArray } from '../modules/billing/column-arrays.js';

export interface NodeCursor {
  readonly nodeId: string;
  readonly epoch: number;
  acknowledged: number;
  /** Taken above the prefix, as stored. */
  readonly ahead: Set<number>;
  /** Taken by this batch. */
  readonly taken: Set<number>;
}

export function cursorKey(nodeId: string, epoch: number): string {
  return `${nodeId}/${epoch}`;
}

/** Locks the cursors until commit, in one order; creates those that are new. */
export async function lockCursors(
  client: PoolClient,
  streams: readonly { readonly nodeId: string; readonly epoch: number }[],
): Promise<Map<string, NodeCursor>> {
  const ordered = [...new Map(streams.map((stream) => [cursorKey(stream.nodeId, stream.epoch), stream]))].sort(([left], [right]) =>
    left < right ? -1 : 1,
  );
  const nodes = textArray(ordered.map(([, stream]) => stream.nodeId));
  const epochs = plainArray(ordered.map(([, stream]) => stream.epoch));
  const { rows } = await client.query<{ node_id: string; epoch: string; acknowledged: string }>({
    name: 'lock-cursors',
    text: `INSERT INTO node_cursor AS known (node_id, epoch) SELECT * FROM unnest($1::text[], $2::bigint[])
           ON CONFLICT (node_id, epoch) DO UPDATE SET seen_at = now() RETURNING node_id, epoch, acknowledged`,
    values: [nodes, epochs],
  });
  const cursors = new Map(
    rows.map((row): [string, NodeCursor] => {
      const [nodeId, epoch] = [row.node_id, Number(row.epoch)];
      return [cursorKey(nodeId, epoch), { nodeId, epoch, acknowledged: Number(row.acknowledged), ahead: new Set(), taken: new Set() }];
    }),
  );
  const ahead = await client.query<{ node_id: string; epoch: string; sequence: string }>({
    name: 'find-ahead',
    text: 'SELECT usage_ahead.* FROM usage_ahead JOIN unnest($1::text[], $2::bigint[]) AS stream (node_id, epoch) USING (node_id, epoch)',
    values: [nodes, epochs],
  });
  for (const row of ahead.rows) cursors.get(cursorKey(row.node_id, Number(row.epoch)))?.ahead.add(Number(row.sequence));
  return cursors;
}

/** False when the sequence was taken before, by an earlier batch or in this one. */
export function takeSequence(cursor: NodeCursor, sequence: number): boolean {
  if (sequence <= cursor.acknowledged || cursor.ahead.has(sequence) || cursor.taken.has(sequence)) return false;
  cursor.taken.add(sequence);
  return true;
}

/** Moves each cursor over the contiguous prefix; what lies above a hole is remembered one by one. */
export async function writeCursors(client: PoolClient, cursors: readonly NodeCursor[]): Promise<void> {
  const kept: { cursor: NodeCursor; sequence: number }[] = [];
  const absorbed: { cursor: NodeCursor; sequence: number }[] = [];
  for (const cursor of cursors) {
    while (cursor.ahead.has(cursor.acknowledged + 1) || cursor.taken.has(cursor.acknowledged + 1)) cursor.acknowledged += 1;
    for (const sequence of cursor.taken) if (sequence > cursor.acknowledged) kept.push({ cursor, sequence });
    for (const sequence of cursor.ahead) if (sequence <= cursor.acknowledged) absorbed.push({ cursor, sequence });
  }
  await client.query({
    name: 'write-cursors',
    text: `UPDATE node_cursor SET acknowledged = moved.acknowledged
           FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS moved (node_id, epoch, acknowledged)
           WHERE node_cursor.node_id = moved.node_id AND node_cursor.epoch = moved.epoch`,
    values: [
      textArray(cursors.map((cursor) => cursor.nodeId)),
      plainArray(cursors.map((cursor) => cursor.epoch)),
      plainArray(cursors.map((cursor) => cursor.acknowledged)),
    ],
  });
  if (kept.length > 0)
    await client.query('INSERT INTO usage_ahead SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])', columnsOf(kept));
  if (absorbed.length > 0)
    await client.query(
      `DELETE FROM usage_ahead USING unnest($1::text[], $2::bigint[], $3::bigint[]) AS gone (node_id, epoch, sequence)
       WHERE usage_ahead.node_id = gone.node_id AND usage_ahead.epoch = gone.epoch AND usage_ahead.sequence = gone.sequence`,
      columnsOf(absorbed),
    );
}

function columnsOf(entries: readonly { cursor: NodeCursor; sequence: number }[]): string[] {
  return [
    textArray(entries.map(({ cursor }) => cursor.nodeId)),
    plainArray(entries.map(({ cursor }) => cursor.epoch)),
    plainArray(entries.map(({ sequence }) => sequence)),
  ];
}
