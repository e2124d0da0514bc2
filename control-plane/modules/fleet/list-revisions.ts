/** Published revisions and what each changed; the difference between two catalogues, read from what was published. */
import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import type { CatalogDocument } from '../../../shared/snapshot.js';
import { decodeCursor, NUMBER_PATTERN, type Page, type PageRequest, pageSize, toPage } from '../../db/find-page.js';
import type { Fleet } from './fleet.js';
import type { CatalogDifference, Revision } from './fleet.shapes.js';

interface RevisionRow {
  readonly revision: string;
  readonly previous: string;
  readonly published_at: string;
  readonly catalog_revision: string;
  readonly key_count: number;
  readonly problems: string[] | null;
  readonly changes: { subjectType: string; subjectId: string; actorUserId: string | null; at: string }[];
}

/** Changes of one revision that are listed; a new region touches thousands of keys. */
const MAX_CHANGES = 100;

export async function listRevisions(em: EntityManager, fleet: Fleet, request: PageRequest): Promise<Page<Revision>> {
  const size = pageSize(request);
  const after = request.after ? decodeCursor(request.after) : '999999999999999999';
  if (!NUMBER_PATTERN.test(after)) throw new GatewayError('invalid_request', 'after is not a cursor of this list.', { param: 'after' });
  const rows = await em.execute<RevisionRow[]>(
    `SELECT published.revision, published.manifest ->> 'previous' AS previous, published_at, catalog_revision, key_count, problems,
            coalesce(changes, '[]') AS changes
     FROM published_revision published
     LEFT JOIN refused_revision USING (revision)
     LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object('subjectType', subject_type, 'subjectId', subject_id, 'actorUserId', actor_user_id, 'at', at)) AS changes
       FROM (SELECT * FROM config_change
             WHERE revision > (published.manifest ->> 'previous')::bigint AND revision <= published.revision
             ORDER BY config_change.revision, ordinal LIMIT ${MAX_CHANGES}) listed) touched ON true
     WHERE published.revision < ?::bigint ORDER BY published.revision DESC LIMIT ?`,
    [after, size + 1],
  );
  const live = fleet.live();
  return toPage(
    rows.map((row) => toRevision(row, (revision) => live.filter((node) => node.appliedRevision >= revision).length)),
    size,
    (row) => row.revision,
  );
}

function toRevision(row: RevisionRow, appliedBy: (revision: number) => number): Revision {
  const revision = Number(row.revision);
  return {
    revision,
    previous: Number(row.previous),
    publishedAt: new Date(row.published_at),
    catalogRevision: Number(row.catalog_revision),
    keyCount: row.key_count,
    changes: row.changes.map((change) => ({ ...change, at: new Date(change.at) })),
    appliedBy: appliedBy(revision),
    problems: row.problems ?? [],
  };
}

/** Throws `not_found` for a revision that was never published, or is older than 30 days. */
export async function readPublishedCatalog(em: EntityManager, revision: number): Promise<CatalogDocument> {
  const rows = await em.execute<{ bytes: Buffer }[]>(
    'SELECT bytes FROM published_revision JOIN snapshot_document ON sha256 = catalog WHERE revision = ?',
    [Math.trunc(revision)],
  );
  const [row] = rows;
  if (!row) throw new GatewayError('not_found', `Revision ${revision} was not published.`);
  return JSON.parse(row.bytes.toString('utf8')) as CatalogDocument;
}

const PARTS = ['vendors', 'models', 'endpoints', 'groups', 'regions'] as const;

export async function diffRevisions(em: EntityManager, from: number, to: number): Promise<CatalogDifference[]> {
  const [before, after] = [await readPublishedCatalog(em, from), await readPublishedCatalog(em, to)];
  const rows = PARTS.flatMap((part) => diffRows(part, shownRows(before, part), shownRows(after, part)));
  return [...rows, ...diffRows('settings', new Map([['gateway', before.settings]]), new Map([['gateway', after.settings]]))];
}

/** Sealed secrets are nobody's to read: of a credential only its id and weight are shown. */
function shownRows(document: CatalogDocument, part: (typeof PARTS)[number]): Map<string, object> {
  if (part !== 'vendors') return new Map(document[part].map((row) => [row.id, row]));
  return new Map(
    document.vendors.map((vendor) => [vendor.id, { ...vendor, credentials: vendor.credentials.map(({ id, weight }) => ({ id, weight })) }]),
  );
}

function diffRows(part: string, before: ReadonlyMap<string, object>, after: ReadonlyMap<string, object>): CatalogDifference[] {
  const ids = [...new Set([...before.keys(), ...after.keys()])].sort();
  return ids
    .map((id) => ({ part, id, before: before.get(id) ?? null, after: after.get(id) ?? null }))
    .filter((row) => JSON.stringify(row.before) !== JSON.stringify(row.after));
}
