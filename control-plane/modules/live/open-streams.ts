/**
 * The streams that this process holds open, each as long as its session may: one query every two seconds asks of all of them whether the
 * session stands, the person is still a member, in the same role, and the account is not closed. What does not hold any more ends.
 * PostgreSQL away: streams stay open and silent; nothing new is read for them anyway. Bounded per account and in all.
 */
import type { Pool } from 'pg';
import { GatewayError } from '../../../shared/errors.js';
import type { Actor } from '../permissions.js';

/** A person's browser tabs, and a few of their colleagues'. */
const STREAMS_AN_ACCOUNT = 20;
const STREAMS_A_PROCESS = 2_000;
const CHECK_MS = 2_000;

interface OpenStream {
  readonly actor: Actor;
  readonly controller: AbortController;
}

export class OpenStreams {
  readonly #streams = new Set<OpenStream>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly pool: Pool) {}

  /** Throws `rate_limited` when there are too many. `controller` is aborted when the stream must end; call what is returned when it has. */
  enter(actor: Actor, controller: AbortController): () => void {
    const own = [...this.#streams].filter((stream) => stream.actor.accountId === actor.accountId).length;
    if (own >= STREAMS_AN_ACCOUNT || this.#streams.size >= STREAMS_A_PROCESS)
      throw new GatewayError('rate_limit_exceeded', 'Too many streams are open. Close one, or ask the query from time to time.', {
        retryAfterMs: CHECK_MS,
      });
    const stream = { actor, controller };
    this.#streams.add(stream);
    this.#timer ??= setInterval(() => void this.#check().catch(() => undefined), CHECK_MS);
    return () => {
      this.#streams.delete(stream);
      if (this.#streams.size === 0) this.#stopChecking();
    };
  }

  get size(): number {
    return this.#streams.size;
  }

  closeAll(): void {
    this.#stopChecking();
    for (const { controller } of this.#streams) controller.abort();
  }

  #stopChecking(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #check(): Promise<void> {
    const streams = [...this.#streams];
    const { rows } = await this.pool.query<{ id: string; role: string; operator: boolean }>(
      `SELECT session.id, membership.role, app_user.operator FROM session
       JOIN app_user ON app_user.id = session.user_id AND app_user.disabled_at IS NULL
       JOIN account ON account.id = session.account_id AND account.status <> 'closed'
       JOIN membership ON membership.account_id = session.account_id AND membership.user_id = session.user_id
       WHERE session.id = ANY ($1::uuid[]) AND session.revoked_at IS NULL AND session.expires_at > now()`,
      [[...new Set(streams.map(({ actor }) => actor.sessionId))]],
    );
    const standing = new Map(rows.map((row) => [row.id, row]));
    for (const { actor, controller } of streams) {
      const row = standing.get(actor.sessionId);
      if (row?.role !== actor.role || row.operator !== actor.operator) controller.abort();
    }
  }
}
