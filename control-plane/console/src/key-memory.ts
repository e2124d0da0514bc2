/**
 * API keys that this page was given or has made, by what they are for. They live as long as the page: nothing of them is written to
 * localStorage, a cookie or the address. Signing out loads the page anew.
 */
import { useSyncExternalStore } from 'react';

export type KeyPurpose = 'first' | 'playground' | 'batch';

const keys = new Map<KeyPurpose, string>();
const listeners = new Set<() => void>();

export function rememberKey(purpose: KeyPurpose, key: string): void {
  keys.set(purpose, key);
  for (const listener of listeners) listener();
}

/** Empty while there is none. */
export function useRememberedKey(purpose: KeyPurpose): string {
  return useSyncExternalStore(subscribe, () => keys.get(purpose) ?? '');
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
