/**
 * Where a revision can come from: the disk, Redis, the control plane. A source only carries bytes; whether they are the publisher's is
 * decided in `load-revision.ts`, the same way for each of them.
 */
import type { DocumentReference, Manifest } from '../../shared/snapshot.js';

export interface ConfigSource {
  readonly name: 'disk' | 'redis' | 'control-plane';
  /** Undefined when nothing was published yet. Throws when the source cannot be reached. Unverified. */
  manifest(): Promise<unknown>;
  /** Throws when the source does not have it. Unverified. */
  document(reference: DocumentReference): Promise<Buffer>;
  /** JSON of each change with `afterRevision` < revision, in ascending order; may go past the manifest. Unverified. */
  changes(manifest: Manifest, afterRevision: number): Promise<readonly string[]>;
}

/** What was received is not what a publisher of ours signed, or cannot be served from: never applied, reported as a nack. */
export class RevisionRejected extends Error {
  constructor(
    readonly revision: number,
    readonly reason: string,
  ) {
    super(`revision ${revision}: ${reason}`);
    this.name = 'RevisionRejected';
  }
}
