import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import type { GatewaySettings } from '../../../shared/snapshot.js';
import { assignPresent, requireOneOf } from '../assign-present.js';
import { changeAsOperator } from '../change-as-operator.js';
import type { Actor } from '../permissions.js';
import type { GatewaySettingsInput } from './catalog.shapes.js';
import { DEFAULT_SETTINGS } from './default-settings.js';

export async function readSettings(em: EntityManager): Promise<GatewaySettings> {
  const [row] = await em.execute<{ document: Partial<GatewaySettings> }[]>('SELECT document FROM setting');
  return { ...DEFAULT_SETTINGS, ...row?.document };
}

export async function saveSettings(em: EntityManager, actor: Actor, input: GatewaySettingsInput): Promise<GatewaySettings> {
  const change = { action: 'settings.save', subjectType: 'setting', subjectId: 'gateway', detail: { ...input } };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const settings = { ...(await readSettings(transaction)) };
    assignPresent(settings, input);
    requireOneOf('autoFloor', settings.autoFloor, ['frontier', 'standard', 'value']);
    for (const member of ['defaultRequestsPerMinute', 'defaultTokensPerMinute'] as const)
      if (settings[member] < 1) throw new GatewayError('invalid_request', `${member} must be at least 1.`, { param: member });
    // Below two reports of a node every hiccup would stop it.
    if (settings.maxRevocationStalenessMs < 10_000)
      throw new GatewayError('invalid_request', 'maxRevocationStalenessMs must be at least 10000.', { param: 'maxRevocationStalenessMs' });
    await transaction.execute(
      'INSERT INTO setting (document) VALUES (?::jsonb) ON CONFLICT (single) DO UPDATE SET document = excluded.document',
      [JSON.stringify(settings)],
    );
    return settings;
  });
}
