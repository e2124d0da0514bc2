import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { assignPresent, requireMembers, requireOneOf } from '../assign-present.js';
import { Model } from '../catalog/model.entity.js';
import { changeAsOperator } from '../change-as-operator.js';
import type { Actor } from '../permissions.js';
import { RoutingGroup } from './routing-group.entity.js';
import type { RoutingGroupInput } from './routing-group.shapes.js';

const TIERS = ['frontier', 'standard', 'value'] as const;
const KINDS = ['code', 'write', 'reason', 'analyze', 'general'];

export async function saveRoutingGroup(em: EntityManager, actor: Actor, input: RoutingGroupInput): Promise<RoutingGroup> {
  const change = { action: 'group.save', subjectType: 'routing_group', subjectId: input.id, detail: { ...input } };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const known = await transaction.findOne(RoutingGroup, { id: input.id });
    const group = known ?? new RoutingGroup();
    assignPresent(group, input, { except: [...TIERS] });
    const before = known?.tiers ?? { frontier: [], standard: [], value: [] };
    group.tiers = {
      frontier: input.frontier ?? before.frontier,
      standard: input.standard ?? before.standard,
      value: input.value ?? before.value,
    };
    requireMembers(group, ['id', 'name', 'kind']);
    requireOneOf('kind', group.kind, KINDS);
    if (group.thresholdStandard > group.thresholdFrontier)
      throw new GatewayError('invalid_request', 'thresholdStandard must not pass thresholdFrontier.', { param: 'thresholdStandard' });
    for (const tier of TIERS) await requireModels(transaction, tier, group.tiers[tier]);
    if (!known) transaction.persist(group);
    return group;
  });
}

export async function deleteRoutingGroup(em: EntityManager, actor: Actor, id: string): Promise<void> {
  const change = { action: 'group.delete', subjectType: 'routing_group', subjectId: id };
  await changeAsOperator(em, actor, change, async (transaction) => {
    if ((await transaction.nativeDelete(RoutingGroup, { id })) === 0)
      throw new GatewayError('not_found', 'No such group.', { param: 'id' });
  });
}

async function requireModels(em: EntityManager, tier: string, ids: readonly string[]): Promise<void> {
  const known = new Set((await em.find(Model, { id: { $in: [...ids] } }, { fields: ['id'] })).map((model) => model.id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined)
    throw new GatewayError('invalid_request', `${tier} names ${JSON.stringify(unknown)}, which is no model.`, { param: tier });
}
