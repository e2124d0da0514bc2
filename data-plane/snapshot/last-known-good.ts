/**
 * The newest applied revision on disk, so that a node restarts without Redis and without the control plane. Documents are files named by
 * their hash; the manifest and the changes are one file, written last. Every write is a temporary file, fsync, rename: a crash leaves
 * the old or the new, never half. Reading is a ConfigSource: what the disk says is verified like anything else.
 * A write that fails (disk full, read-only) is reported and costs nothing else: the node serves from memory.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DocumentReference, Manifest } from '../../shared/snapshot.js';
import { type ConfigSource, RevisionRejected } from './config-source.js';
import type { LoadedRevision } from './load-revision.js';
import { SingleFlight } from './single-flight.js';

const REVISION_FILE = 'revision.json';
/** The highest revision ever applied here: an older one put back is no last-known-good. */
const HIGHEST_FILE = 'highest-revision';
const READ_BYTES = 2 * 1024 * 1024;
const DOCUMENT_NAME = /^[0-9a-f]{64}$/;

export class LastKnownGood implements ConfigSource {
  readonly name = 'disk';
  readonly #flight = new SingleFlight(() => this.#write());
  #newest: LoadedRevision | undefined;

  constructor(
    private readonly directory: string,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  async manifest(): Promise<unknown> {
    const manifest = (await this.#read())?.manifest;
    const highest = Number(await readOptional(join(this.directory, HIGHEST_FILE)));
    const revision = typeof manifest === 'object' && manifest !== null && 'revision' in manifest ? Number(manifest.revision) : 0;
    if (manifest !== undefined && revision < highest)
      throw new RevisionRejected(revision, `the disk holds it, but ${highest} was applied here`);
    return manifest;
  }

  /** In slices into one buffer: reading it whole would copy it once more, and hold the event loop for as long as that takes. */
  async document({ sha256, bytes }: DocumentReference): Promise<Buffer> {
    const file = await open(join(this.directory, sha256), 'r');
    try {
      const target = Buffer.allocUnsafeSlow(bytes);
      for (let at = 0; at < bytes; ) {
        const { bytesRead } = await file.read(target, at, Math.min(READ_BYTES, bytes - at), at);
        if (bytesRead === 0) return target.subarray(0, at);
        at += bytesRead;
      }
      return target;
    } finally {
      await file.close();
    }
  }

  async changes(_manifest: Manifest, afterRevision: number): Promise<readonly string[]> {
    const stored = (await this.#read())?.changes ?? [];
    return afterRevision === 0 ? stored : stored.filter((json) => Number(/"revision":(\d+)/.exec(json)?.[1] ?? 0) > afterRevision);
  }

  /** Returns at once. Of revisions that arrive while one is written, only the newest is written next. */
  save(revision: LoadedRevision): void {
    this.#newest = revision;
    this.#flight.run();
  }

  /** Resolves when nothing is left to write. */
  flush(): Promise<void> {
    return this.#flight.idle();
  }

  async #write(): Promise<void> {
    const revision = this.#newest;
    if (!revision) return;
    try {
      await mkdir(this.directory, { recursive: true });
      await this.#writeRevision(revision);
    } catch (error) {
      this.onFailure(error);
    }
  }

  async #writeRevision({ manifest, changes, catalogBytes, accessBytes }: LoadedRevision): Promise<void> {
    const present = new Set(await readdir(this.directory));
    const documents = new Map([
      [manifest.catalog.sha256, catalogBytes],
      [manifest.accessBase.sha256, accessBytes],
    ]);
    for (const [sha256, bytes] of documents) if (!present.has(sha256)) await writeDurably(join(this.directory, sha256), bytes);
    await writeDurably(join(this.directory, REVISION_FILE), JSON.stringify({ manifest, changes }));
    await writeDurably(join(this.directory, HIGHEST_FILE), String(manifest.revision));
    for (const name of present) if (DOCUMENT_NAME.test(name) && !documents.has(name)) await rm(join(this.directory, name), { force: true });
  }

  async #read(): Promise<{ manifest: unknown; changes: string[] } | undefined> {
    const text = await readOptional(join(this.directory, REVISION_FILE));
    if (text === undefined) return undefined;
    try {
      const { manifest, changes } = JSON.parse(text);
      if (Array.isArray(changes)) return { manifest, changes: changes.map(String) };
    } catch {
      // Said below, for this and for the wrong shape.
    }
    throw new RevisionRejected(0, 'the file on disk is not readable');
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeDurably(path: string, content: Buffer | string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
