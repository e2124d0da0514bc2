/** What a refreshed catalogue would change, in words that an operator can review before it applies. Pure. */
import type { CatalogueModel } from '../data/catalogue-model.js';

export interface CatalogueDifference {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly id: string;
  /** `price.input: 2.5 -> 3`; empty for added and removed models. */
  readonly fields: readonly string[];
}

export function diffCatalogue(before: readonly CatalogueModel[], after: readonly CatalogueModel[]): CatalogueDifference[] {
  const old = new Map(before.map((model) => [model.id, model]));
  const fresh = new Map(after.map((model) => [model.id, model]));
  return [
    ...before.filter((model) => !fresh.has(model.id)).map((model): CatalogueDifference => ({ kind: 'removed', id: model.id, fields: [] })),
    ...after.flatMap((model): CatalogueDifference[] => {
      const previous = old.get(model.id);
      if (!previous) return [{ kind: 'added', id: model.id, fields: [] }];
      const fields = changedFields(previous, model, '');
      return fields.length > 0 ? [{ kind: 'changed', id: model.id, fields }] : [];
    }),
  ];
}

function changedFields(before: unknown, after: unknown, path: string): string[] {
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => changedFields(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  const [left, right] = [JSON.stringify(before), JSON.stringify(after)];
  return left === right ? [] : [`${path}: ${left ?? 'absent'} -> ${right ?? 'absent'}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
