import type { EntityManager } from '@mikro-orm/postgresql';

/** Recomputes every link in the database. A line that was altered, removed or slipped in breaks its own or the next one's. */
export async function verifyAudit(em: EntityManager): Promise<{ lines: number; broken: string[] }> {
  const [count] = await em.execute<{ lines: string }[]>('SELECT count(*) AS lines FROM audit_log');
  const rows = await em.execute<{ place: string }[]>(
    `WITH linked AS (
       SELECT audit_log.*, lag(hash) OVER chain AS hash_before, lag(sequence) OVER chain AS sequence_before
       FROM audit_log WINDOW chain AS (PARTITION BY audit_log.chain ORDER BY sequence))
     SELECT linked.chain || ' ' || linked.sequence AS place FROM linked JOIN audit_log line ON line.id = linked.id
     WHERE linked.hash <> audit_line_hash(line)
       OR linked.previous_hash <> coalesce(hash_before, sha256(convert_to(linked.chain, 'UTF8')))
       OR linked.sequence <> coalesce(sequence_before, 0) + 1
     UNION ALL
     SELECT chain || ' ' || sequence FROM audit_head
     WHERE NOT EXISTS (SELECT 1 FROM audit_log WHERE audit_log.chain = audit_head.chain AND audit_log.sequence = audit_head.sequence
       AND audit_log.hash = audit_head.hash)
     LIMIT 100`,
  );
  return { lines: Number(count?.lines ?? 0), broken: rows.map((row) => row.place) };
}
