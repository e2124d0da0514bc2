/** What was published, as rows: the manifests, the documents by their SHA-256, the changes since a base. */
import { createHash } from 'node:crypto';
import type { ClientBase, Pool } from 'pg';
import type { Manifest } from '../../shared/snapshot.js';
import type { Touch } from './compile-access.js';

type Queryable = ClientBase | Pool;

export interface PublishedRevision {
  readonly revision: number;
  readonly manifest: Manifest;
  readonly catalogRevision: number;
  readonly keyCount: number;
}

export async function lastPublished(client: Queryable): Promise<PublishedRevision | undefined> {
  const { rows } = await client.query<{ revision: string; manifest: Manifest; catalog_revision: string; key_count: number }>(
    'SELECT revision, manifest, catalog_revision, key_count FROM published_revision ORDER BY revision DESC LIMIT 1',
  );
  const [row] = rows;
  if (!row) return undefined;
  return {
    revision: Number(row.revision),
    manifest: row.manifest,
    catalogRevision: Number(row.catalog_revision),
    keyCount: row.key_count,
  };
}

export async function touchesSince(client: Queryable, revision: number): Promise<Touch[]> {
  const { rows } = await client.query<{ revision: string; kind: string; subject_id: string }>(
    'SELECT revision, kind, subject_id FROM config_change WHERE revision > $1 ORDER BY revision, ordinal',
    [revision],
  );
  return rows.map((row) => ({ revision: Number(row.revision), kind: row.kind, subjectId: row.subject_id }));
}

/** Returns the SHA-256 (hex) that the bytes are kept under. */
export async function storeDocument(client: Queryable, kind: 'catalog' | 'access', bytes: Buffer): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await client.query('INSERT INTO snapshot_document (sha256, kind, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    sha256,
    kind,
    bytes,
  ]);
  return sha256;
}

export async function readDocument(client: Queryable, sha256: string): Promise<Buffer | undefined> {
  const { rows } = await client.query<{ bytes: Buffer }>('SELECT bytes FROM snapshot_document WHERE sha256 = $1', [sha256]);
  return rows[0]?.bytes;
}

export async function storePublished(client: Queryable, manifest: Manifest, catalogRevision: number, keyCount: number): Promise<void> {
  await client.query(
    `INSERT INTO published_revision (revision, manifest, catalog, catalog_revision, access_base, key_count) VALUES ($1, $2, $3, $4, $5, $6)`,
    [manifest.revision, manifest, manifest.catalog.sha256, catalogRevision, manifest.accessBase.sha256, keyCount],
  );
}

export async function countChanges(client: Queryable, base: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM access_change WHERE base = $1', [base]);
  return Number(rows[0]?.count ?? 0);
}

/** Changes of a base with `after` < revision, ascending. */
export async function readChanges(client: Queryable, base: string, after: number): Promise<{ revision: number; json: string }[]> {
  const { rows } = await client.query<{ revision: string; json: string }>(
    'SELECT revision, json FROM access_change WHERE base = $1 AND revision > $2 ORDER BY revision',
    [base, after],
  );
  return rows.map((row) => ({ revision: Number(row.revision), json: row.json }));
}

export async function mostKeysOfADay(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ most: number | null }>(
    `SELECT max(key_count) AS most FROM published_revision WHERE published_at > now() - interval '1 day'`,
  );
  return rows[0]?.most ?? 0;
}

/** True when a price came into force after the newest catalogue was compiled. */
export async function priceCameIntoForce(client: Queryable, catalogRevision: number): Promise<boolean> {
  const { rows } = await client.query<{ due: boolean }>(
    `SELECT EXISTS (
       SELECT 1 FROM model_price WHERE effective_from <= now()
       AND effective_from > (SELECT min(published_at) FROM published_revision WHERE catalog_revision = $1)) AS due`,
    [catalogRevision],
  );
  return rows[0]?.due ?? false;
}

/** Bases that no node needs any more, and revisions' manifests beyond a month; catalogues stay for diffs and rollbacks. */
export async function removeOldDocuments(client: Queryable): Promise<void> {
  await client.query(
    `DELETE FROM published_revision WHERE published_at < now() - interval '30 days'
     AND revision < (SELECT max(revision) FROM published_revision)`,
  );
  await client.query(
    `DELETE FROM snapshot_document WHERE created_at < now() - interval '1 day' AND CASE kind
       WHEN 'access' THEN sha256 NOT IN (SELECT access_base FROM published_revision WHERE published_at > now() - interval '1 day')
         AND sha256 <> (SELECT access_base FROM published_revision ORDER BY revision DESC LIMIT 1)
       ELSE sha256 NOT IN (SELECT catalog FROM published_revision) END`,
  );
}
