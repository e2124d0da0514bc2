/**
 * What must be undone after a test file, told from anywhere: vitest forgets an `afterAll` that is called inside a hook or a test. This
 * module registers its own when the file is collected. Last told, first undone: programs stop before their database goes.
 */
import { afterAll } from 'vitest';

const undoings: (() => unknown)[] = [];

export function afterFile(undo: () => unknown): void {
  undoings.push(undo);
}

afterAll(async () => {
  for (const undo of undoings.splice(0).reverse()) await undo();
});
