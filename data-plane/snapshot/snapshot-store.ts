/**
 * The one reference that requests read. `apply` makes a loaded revision into an immutable Snapshot and swaps it in; a request that began
 * with the one before ends with it. Revisions only rise. While nothing was applied, and once nobody was heard from for longer than a
 * revocation may be missed, reading throws a 503: our own failure is never a 401.
 */
import { GatewayError } from '../../shared/errors.js';
import type { RegionKeyPair } from '../../shared/sealed.js';
import type { Snapshot } from '../types.js';
import type { LoadedRevision } from './load-revision.js';
import { CredentialOpener } from './open-credentials.js';

const RETRY_AFTER_MS = 2_000;

export class SnapshotStore {
  readonly #credentials: CredentialOpener;
  #running: LoadedRevision | undefined;
  #snapshot: Snapshot | undefined;
  #heardAtMs: number;

  /** `nowMs` is monotonic. */
  constructor(
    region: string,
    regionKey: RegionKeyPair,
    private readonly nowMs: () => number,
  ) {
    this.#credentials = new CredentialOpener(region, regionKey);
    this.#heardAtMs = nowMs();
  }

  get running(): LoadedRevision | undefined {
    return this.#running;
  }

  /** 0 when nothing was applied yet. */
  get revision(): number {
    return this.#running?.manifest.revision ?? 0;
  }

  /** Throws GatewayError `not_ready` or `service_unavailable`. */
  current(): Snapshot {
    const snapshot = this.#snapshot;
    if (!snapshot) {
      throw new GatewayError('not_ready', 'This node has no configuration yet. Try again in a moment.', { retryAfterMs: RETRY_AFTER_MS });
    }
    if (this.silenceMs() > snapshot.settings.maxRevocationStalenessMs) {
      throw new GatewayError(
        'service_unavailable',
        'This node is cut off and can no longer tell which keys are valid. Try again shortly.',
        {
          retryAfterMs: RETRY_AFTER_MS,
        },
      );
    }
    return snapshot;
  }

  /** Somebody who would know of a newer revision has answered. */
  heard(): void {
    this.#heardAtMs = this.nowMs();
  }

  silenceMs(): number {
    return this.nowMs() - this.#heardAtMs;
  }

  /** Throws RangeError for a revision that is not newer: its caller checks, this makes sure. */
  apply(revision: LoadedRevision): void {
    const number = revision.manifest.revision;
    if (number <= this.revision) throw new RangeError(`revision ${number} is not newer than ${this.revision}`);
    const previous = this.#snapshot;
    const sameCatalog = this.#running?.catalog === revision.catalog;
    const credentials =
      sameCatalog && previous ? previous.credentials : this.#credentials.openHouse([...revision.catalog.vendors.values()]);
    this.#snapshot = Object.freeze<Snapshot>({
      revision: number,
      ...revision.catalog,
      access: revision.access,
      credentials,
      openByok: (row, accountId) => this.#credentials.openByok(row, accountId),
    });
    this.#running = revision;
  }
}
