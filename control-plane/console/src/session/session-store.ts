/**
 * The session of this browser. The access token lives in memory for its 15 minutes; the refresh token is in an HttpOnly cookie that
 * script cannot read (`/session/*` of the control plane sets it). One refresh at a time, shared by all who wait for it.
 */
export interface SessionAnswer {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Renew a little before the end, so that no request meets an expired token. */
const RENEW_BEFORE_MS = 60_000;

let token: string | null = null;
let expiresAtMs = 0;
let refreshing: Promise<string | null> | null = null;
const listeners = new Set<() => void>();

export function currentToken(): string | null {
  return token;
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function isExpiring(nowMs: number): boolean {
  return token !== null && nowMs > expiresAtMs - RENEW_BEFORE_MS;
}

/** Resolves null when there is no session to renew. */
export function refresh(): Promise<string | null> {
  refreshing ??= call('refresh', {})
    .then(keep)
    .catch(() => {
      clear();
      return null;
    })
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

/** Throws Error with the server's message and, as `code`, its error code. */
export async function logIn(email: string, password: string, totp?: string): Promise<void> {
  keep(await call('login', { email, password, ...(totp ? { totp } : {}) }));
}

export async function register(email: string, password: string, name: string): Promise<void> {
  keep(await call('register', { email, password, name }));
}

export async function logOut(): Promise<void> {
  await call('logout', {}).catch(() => undefined);
  clear();
}

export class SessionError extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

async function call(name: string, body: object): Promise<SessionAnswer> {
  const response = await fetch(`/session/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'same-origin',
  });
  const answer = await response.json();
  if (!response.ok) throw new SessionError(answer?.error?.message ?? response.statusText, answer?.error?.code ?? 'internal_error');
  return answer;
}

function keep(answer: SessionAnswer): string {
  token = answer.token;
  expiresAtMs = Date.now() + answer.expiresIn * 1000;
  for (const listener of listeners) listener();
  return token;
}

function clear(): void {
  token = null;
  for (const listener of listeners) listener();
}
