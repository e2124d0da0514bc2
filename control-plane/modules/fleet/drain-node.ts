import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { readSettings } from '../catalog/settings.js';
import { changeAsOperator } from '../change-as-operator.js';
import type { Actor } from '../permissions.js';

/** More than a fleet has; each name stands in every node's snapshot. */
const MAX_DRAINED = 100;

/** Nodes hear of it by a revision, like of any change. Throws `not_found` for a node that nobody knows. */
export async function drainNode(em: EntityManager, actor: Actor, id: string, drained: boolean): Promise<boolean> {
  const change = { action: drained ? 'node.drain' : 'node.undrain', subjectType: 'node', subjectId: id };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const [known] = await transaction.execute<unknown[]>('SELECT id FROM node WHERE id = ?', [id]);
    if (!known && drained) throw new GatewayError('not_found', 'There is no such node.', { param: 'id' });
    const settings = await readSettings(transaction);
    const before = settings.drainedNodes ?? [];
    if (before.includes(id) === drained) return false;
    if (drained && before.length >= MAX_DRAINED)
      throw new GatewayError('invalid_request', `At most ${MAX_DRAINED} nodes are drained at once.`);
    const drainedNodes = drained ? [...before, id].sort() : before.filter((known) => known !== id);
    await transaction.execute(
      'INSERT INTO setting (document) VALUES (?::jsonb) ON CONFLICT (single) DO UPDATE SET document = excluded.document',
      [JSON.stringify({ ...settings, drainedNodes })],
    );
    return true;
  });
}
