/**
 * Makes the newest revision a published one, in PostgreSQL: compile, check, sign, store, in one REPEATABLE READ transaction.
 * - Only what was touched since the last publication is compiled: a revoked key does not wait for the catalogue.
 * - A catalogue that fails its checks is recorded and left behind; the one before stays, and keys and accounts go out all the same.
 * - Access changes are appended to the base until they pass a tenth of it; then a new base is made.
 * Called by the leader alone (`workers/publish-snapshots.ts`); a second caller would lose on a primary key and change nothing.
 */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { ClientBase } from 'pg';
import { nextChangeDigest } from '../../shared/access-document.js';
import { type Manifest, signedManifestText } from '../../shared/snapshot.js';
import { assertConsistent, assertKeysRemain, InconsistentSnapshot } from './assert-consistent.js';
import { compileAccessBase, compileChanges, type Touch } from './compile-access.js';
import { compileCatalog } from './compile-catalog.js';
import {
  countChanges,
  lastPublished,
  mostKeysOfADay,
  type PublishedRevision,
  storeDocument,
  storePublished,
  touchesSince,
} from './published-store.js';

/** A new base at this many changes, or at a tenth of the keys when that is more. */
const REBASE_CHANGES = 2_000;
const REBASE_SHARE = 10;

export interface Publication {
  readonly manifest: Manifest;
  /** Of the catalogue, when one was refused. */
  readonly refused: readonly string[];
}

export class ManifestSigner {
  readonly #key: KeyObject;

  constructor(pair: { readonly d: string; readonly x: string }) {
    this.#key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', ...pair }, format: 'jwk' });
  }

  sign(manifest: Omit<Manifest, 'signature'>): Manifest {
    const signature = sign(null, Buffer.from(signedManifestText(manifest)), this.#key).toString('base64url');
    return { ...manifest, signature };
  }
}

/** Undefined when the newest revision is published already, or when there is nothing good to publish. */
export async function publishRevision(client: ClientBase, signer: ManifestSigner): Promise<Publication | undefined> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  try {
    const publication = await publishInTransaction(client, signer);
    await client.query('COMMIT');
    return publication;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function publishInTransaction(client: ClientBase, signer: ManifestSigner): Promise<Publication | undefined> {
  const revision = await currentRevision(client);
  const last = await lastPublished(client);
  if (last && last.revision >= revision) return undefined;
  const touches = last ? await touchesSince(client, last.revision) : [];

  const catalog = await nextCatalog(client, last, revision);
  if (!catalog.sha256) return undefined;
  const access = await nextAccess(client, last, touches, revision);
  const manifest = signer.sign({
    format: 1,
    revision,
    previous: last?.revision ?? 0,
    publishedAt: new Date().toISOString(),
    catalog: { sha256: catalog.sha256, bytes: catalog.bytes },
    accessBase: access.base,
    accessChanges: access.changes,
  });
  await storePublished(client, manifest, catalog.revision, access.keyCount);
  return { manifest, refused: catalog.refused };
}

interface NextCatalog {
  /** Null: none was ever good. */
  readonly sha256: string | null;
  readonly bytes: number;
  readonly revision: number;
  readonly refused: readonly string[];
}

async function nextCatalog(client: ClientBase, last: PublishedRevision | undefined, revision: number): Promise<NextCatalog> {
  // From the last revision whose catalogue went out: one that was refused since is tried again with everything after it.
  const touched = !last || (await touchesSince(client, last.catalogRevision)).some((touch) => touch.kind === 'catalog');
  const before = {
    sha256: last?.manifest.catalog.sha256 ?? null,
    bytes: last?.manifest.catalog.bytes ?? 0,
    revision: last?.catalogRevision ?? 0,
  };
  if (!touched) return { ...before, refused: [] };
  try {
    const compiled = await compileCatalog(client);
    const bytes = Buffer.from(JSON.stringify(compiled.document));
    assertConsistent(compiled, bytes.length);
    return { sha256: await storeDocument(client, 'catalog', bytes), bytes: bytes.length, revision, refused: [] };
  } catch (error) {
    if (!(error instanceof InconsistentSnapshot)) throw error;
    await client.query('INSERT INTO refused_revision (revision, problems) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      revision,
      error.problems,
    ]);
    return { ...before, refused: error.problems };
  }
}

interface NextAccess {
  readonly base: Manifest['accessBase'];
  readonly changes: Manifest['accessChanges'];
  readonly keyCount: number;
}

async function nextAccess(
  client: ClientBase,
  last: PublishedRevision | undefined,
  touches: readonly Touch[],
  revision: number,
): Promise<NextAccess> {
  const rebase =
    !last ||
    touches.some((touch) => touch.kind === 'access') ||
    (await countChanges(client, last.manifest.accessBase.sha256)) >= Math.max(REBASE_CHANGES, last.keyCount / REBASE_SHARE);
  return rebase ? makeBase(client, revision) : appendChanges(client, last, touches);
}

async function makeBase(client: ClientBase, revision: number): Promise<NextAccess> {
  const { bytes, keyCount } = await compileAccessBase(client);
  assertKeysRemain(keyCount, await mostKeysOfADay(client));
  const sha256 = await storeDocument(client, 'access', bytes);
  // The same bytes as an older base: its changes are part of these bytes now.
  await client.query('DELETE FROM access_change WHERE base = $1', [sha256]);
  return { base: { sha256, bytes: bytes.length, revision }, changes: { count: 0, digest: sha256 }, keyCount };
}

async function appendChanges(client: ClientBase, last: PublishedRevision, touches: readonly Touch[]): Promise<NextAccess> {
  const { accessBase, accessChanges } = last.manifest;
  const { changes, removed } = await compileChanges(client, touches);
  const keyCount = Math.max(0, last.keyCount - removed);
  if (removed > 1) assertKeysRemain(keyCount, await mostKeysOfADay(client));
  let digest = accessChanges.digest;
  for (const change of changes) {
    digest = nextChangeDigest(digest, change.json);
    await client.query('INSERT INTO access_change (base, revision, json) VALUES ($1, $2, $3)', [
      accessBase.sha256,
      change.revision,
      change.json,
    ]);
  }
  return { base: accessBase, changes: { count: accessChanges.count + changes.length, digest }, keyCount };
}

async function currentRevision(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ revision: string }>('SELECT revision FROM config_revision');
  const [row] = rows;
  if (!row) throw new Error('config_revision has no row: run the migrations');
  return Number(row.revision);
}
