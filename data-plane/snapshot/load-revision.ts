/**
 * From a source's bytes to a revision that may be served, or a refusal. Everything is checked here, whatever the source: signature,
 * order, size and SHA-256 of each document, the digest chain of the changes, the shape of the catalogue. What the running revision
 * already has is not fetched again.
 */
import type { KeyObject } from 'node:crypto';
import { AccessBase, type AccessChange, nextChangeDigest } from '../../shared/access-document.js';
import type { DocumentReference, Manifest } from '../../shared/snapshot.js';
import { isAccessChange } from './access-change-schema.js';
import { AccessIndex } from './access-index.js';
import { describeCatalogProblem, findDanglingReference, isCatalog } from './catalog-schema.js';
import { type ConfigSource, RevisionRejected } from './config-source.js';
import { type CatalogIndex, indexCatalog } from './index-catalog.js';
import { verifyManifest } from './verify-manifest.js';
import { forEachInTurns, sha256InSlices } from './yielding.js';

export interface LoadedRevision {
  readonly manifest: Manifest;
  readonly catalog: CatalogIndex;
  readonly access: AccessIndex;
  /** As they were signed, for last-known-good. */
  readonly catalogBytes: Buffer;
  readonly accessBytes: Buffer;
  readonly changes: readonly string[];
}

/**
 * Undefined when the source has what is `running`, or nothing was ever published. Throws RevisionRejected for what must not be served,
 * any other error when the source could not deliver or is behind.
 */
export async function loadRevision(
  source: ConfigSource,
  running: LoadedRevision | undefined,
  key: KeyObject,
  region: string,
): Promise<LoadedRevision | undefined> {
  const announced = await source.manifest();
  if (announced === undefined && !running) return undefined;
  if (announced === undefined) throw new Error(`${source.name} has lost its manifest`);
  const manifest = verifyManifest(announced, key);
  const ours = running?.manifest.revision ?? 0;
  // It cannot tell us of anything newer, so having asked it does not count.
  if (manifest.revision < ours) throw new Error(`${source.name} is behind: ${manifest.revision}, and ${ours} runs here`);
  if (manifest.revision === ours) return undefined;
  const catalog = await loadCatalog(source, manifest, running, region);
  const access = await loadAccess(source, manifest, running);
  return { manifest, ...catalog, ...access };
}

async function loadCatalog(source: ConfigSource, manifest: Manifest, running: LoadedRevision | undefined, region: string) {
  if (running?.manifest.catalog.sha256 === manifest.catalog.sha256) {
    return { catalog: running.catalog, catalogBytes: running.catalogBytes };
  }
  const catalogBytes = await loadDocument(source, manifest.catalog, manifest.revision);
  const document = parse(catalogBytes.toString('utf8'), manifest.revision, 'the catalogue');
  if (!isCatalog(document)) throw new RevisionRejected(manifest.revision, describeCatalogProblem(document));
  const dangling = findDanglingReference(document);
  if (dangling !== undefined) throw new RevisionRejected(manifest.revision, dangling);
  return { catalog: indexCatalog(document, region), catalogBytes };
}

async function loadAccess(source: ConfigSource, manifest: Manifest, running: LoadedRevision | undefined) {
  const sameBase = running?.manifest.accessBase.sha256 === manifest.accessBase.sha256 ? running : undefined;
  if (sameBase) {
    const extended = await extendAccess(source, manifest, sameBase);
    if (extended) return extended;
  }
  const accessBytes = sameBase?.accessBytes ?? (await loadDocument(source, manifest.accessBase, manifest.revision));
  const changes = await source.changes(manifest, manifest.accessBase.revision);
  const chained = await chain(changes, manifest, manifest.accessBase.sha256);
  if (!chained) throw new RevisionRejected(manifest.revision, 'the changes do not hash to the digest of the manifest');
  const access = new AccessIndex(readAccessBase(accessBytes, manifest.revision));
  await forEachInTurns(chained, (change) => access.apply(change));
  return { access, accessBytes, changes: changes.slice(0, chained.length) };
}

/** Undefined when the new changes do not continue ours: then all of them are fetched. */
async function extendAccess(source: ConfigSource, manifest: Manifest, running: LoadedRevision) {
  const { access, accessBytes } = running;
  if (manifest.accessChanges.digest === running.manifest.accessChanges.digest) return { access, accessBytes, changes: running.changes };
  const more = await source.changes(manifest, running.manifest.revision);
  const added = await chain(more, manifest, running.manifest.accessChanges.digest);
  if (!added || running.changes.length + added.length !== manifest.accessChanges.count) return undefined;
  await forEachInTurns(added, (change) => access.apply(change));
  return { access, accessBytes, changes: [...running.changes, ...more.slice(0, added.length)] };
}

/** The changes up to the manifest's revision, when they lead from `digest` to the manifest's; else undefined. */
async function chain(changes: readonly string[], manifest: Manifest, digest: string): Promise<AccessChange[] | undefined> {
  const parsed: AccessChange[] = [];
  let current = digest;
  await forEachInTurns(changes, (json) => {
    const change = parse(json, manifest.revision, 'an access change');
    if (!isAccessChange(change)) throw new RevisionRejected(manifest.revision, 'an access change is malformed');
    if (change.revision > manifest.revision) return;
    current = nextChangeDigest(current, json);
    parsed.push(change);
  });
  return current === manifest.accessChanges.digest ? parsed : undefined;
}

async function loadDocument(source: ConfigSource, reference: DocumentReference, revision: number): Promise<Buffer> {
  const bytes = await source.document(reference);
  const intact = bytes.length === reference.bytes && (await sha256InSlices(bytes)) === reference.sha256;
  if (!intact) throw new RevisionRejected(revision, `document ${reference.sha256.slice(0, 12)} does not have the hash that was signed`);
  return bytes;
}

function readAccessBase(bytes: Buffer, revision: number): AccessBase {
  try {
    return new AccessBase(bytes);
  } catch (error) {
    throw new RevisionRejected(revision, error instanceof Error ? error.message : 'the access base cannot be read');
  }
}

function parse(json: string, revision: number, what: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new RevisionRejected(revision, `${what} is not JSON`);
  }
}
