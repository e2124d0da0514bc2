/**
 * Takes a file in while it arrives: pieces of 1 MB, each encrypted under the file's data key and bound to its place, each in a statement
 * of its own. Never more than a piece is in memory. Nobody sees the file before `finishFile`; one whose sender left is dropped at once,
 * one whose control plane died after an hour. What arrives counts against the account's room from the first piece.
 */
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { FILE_KEPT_DAYS, FILE_MAX_BYTES, type FinishFileCall } from '../../../shared/batch-file.js';
import { GatewayError } from '../../../shared/errors.js';
import { decrypt, encrypt, generateDataKey } from '../../../shared/sealed.js';
import { inTransaction } from '../billing/transaction.js';
import type { Kms } from '../byok/kms.js';

const PIECE_BYTES = 1024 * 1024;
/** Ten files of the largest size, before deletion or expiry makes room. */
const ACCOUNT_BYTES = 2 * 1024 ** 3;
const UPLOAD_HOURS = 1;
const MAX_FILENAME_LENGTH = 255;

export interface Upload {
  /** UUID v7, chosen by the node. */
  readonly fileId: string;
  readonly accountId: string;
  readonly filename: string;
}

/** Throws `request_too_large` for a file above 200 MB or an account without room, `invalid_request` for an empty file; nothing is kept then. */
export async function storeFile(pool: Pool, kms: Kms, upload: Upload, content: AsyncIterable<Buffer>): Promise<void> {
  const { fileId, accountId } = upload;
  const dataKey = generateDataKey();
  await pool.query(
    `INSERT INTO stored_file (id, account_id, filename, data_key, expires_at)
     VALUES ($1, $2, $3, $4, now() + interval '${UPLOAD_HOURS} hours')`,
    [fileId, accountId, upload.filename.slice(0, MAX_FILENAME_LENGTH), await kms.wrap(dataKey, fileId)],
  );
  try {
    const hash = createHash('sha256');
    let ordinal = 0;
    let bytes = 0;
    for await (const piece of inPieces(content)) {
      bytes += piece.length;
      if (bytes > FILE_MAX_BYTES) throw new GatewayError('request_too_large', 'The file is larger than 200 MB.', { param: 'file' });
      hash.update(piece);
      await storePiece(pool, upload, ordinal, piece.length, encrypt(dataKey, piece, boundTo(fileId, ordinal)));
      ordinal++;
    }
    if (bytes === 0) throw new GatewayError('invalid_request', 'The file is empty.', { param: 'file' });
    await pool.query('UPDATE stored_file SET content_hash = $2 WHERE id = $1', [fileId, hash.digest()]);
  } catch (error) {
    await dropUnfinished(pool, upload);
    throw error;
  }
}

async function storePiece(pool: Pool, { fileId, accountId }: Upload, ordinal: number, bytes: number, sealed: Buffer): Promise<void> {
  const { rowCount } = await pool.query({
    name: 'store-file-piece',
    text: `WITH fitting AS (
             UPDATE stored_file SET bytes = bytes + $3::bigint
             WHERE id = $1 AND $3::bigint + (SELECT sum(bytes) FROM stored_file WHERE account_id = $5) <= ${ACCOUNT_BYTES} RETURNING id)
           INSERT INTO stored_file_piece (file_id, ordinal, content) SELECT id, $2, $4 FROM fitting`,
    values: [fileId, ordinal, bytes, sealed, accountId],
  });
  if (rowCount === 0)
    throw new GatewayError(
      'request_too_large',
      `The files of this account have used up their ${ACCOUNT_BYTES / 1024 ** 3} GB. Delete files that are no longer needed.`,
      { param: 'file' },
    );
}

/** A whole file becomes visible. Under an Idempotency-Key that was used before: that one's file, or a conflict when it is another. */
export async function finishFile(pool: Pool, fileId: string, call: FinishFileCall): Promise<string> {
  const { accountId, idempotencyKey } = call;
  return inTransaction(pool, async (client) => {
    if (idempotencyKey !== null) {
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 8))', [`${accountId} ${idempotencyKey}`]);
      const { rows } = await client.query<{ id: string; same: boolean }>(
        `SELECT earlier.id, earlier.content_hash = fresh.content_hash AND earlier.filename = fresh.filename AS same
         FROM stored_file AS earlier JOIN stored_file AS fresh ON fresh.id = $3
         WHERE earlier.account_id = $1 AND earlier.idempotency_key = $2`,
        [accountId, idempotencyKey, fileId],
      );
      const [earlier] = rows;
      if (earlier?.same) {
        await client.query('DELETE FROM stored_file WHERE id = $1', [fileId]);
        return earlier.id;
      }
      if (earlier)
        throw new GatewayError('conflict', 'This Idempotency-Key was used with another file. Use a new key for a new file.', {
          param: 'idempotency-key',
        });
    }
    const { rowCount } = await client.query(
      `UPDATE stored_file SET complete = true, idempotency_key = $3, created_at = now(),
         expires_at = now() + coalesce($4 * interval '1 second', interval '${FILE_KEPT_DAYS} days')
       WHERE id = $1 AND account_id = $2 AND content_hash IS NOT NULL AND NOT complete`,
      [fileId, accountId, idempotencyKey, call.expiresAfterSeconds],
    );
    if (rowCount === 0) throw new GatewayError('not_found', 'The upload did not arrive whole. Send it again.');
    return fileId;
  });
}

/** A piece after another. Throws `not_found` when it is not that account's, has expired, or is deleted while it is read. */
export async function* readFile(pool: Pool, kms: Kms, accountId: string, fileId: string): AsyncGenerator<Buffer> {
  const { rows } = await pool.query<{ data_key: string; bytes: string }>(
    'SELECT data_key, bytes FROM stored_file WHERE id = $1 AND account_id = $2 AND complete AND expires_at > now()',
    [fileId, accountId],
  );
  if (!rows[0]) throw noSuchFile();
  const dataKey = await kms.unwrap(rows[0].data_key, fileId);
  let left = Number(rows[0].bytes);
  for (let ordinal = 0; left > 0; ordinal++) {
    const { rows: pieces } = await pool.query<{ content: Buffer }>({
      name: 'read-file-piece',
      text: 'SELECT content FROM stored_file_piece WHERE file_id = $1 AND ordinal = $2',
      values: [fileId, ordinal],
    });
    if (!pieces[0]) throw noSuchFile();
    const piece = decrypt(dataKey, pieces[0].content, boundTo(fileId, ordinal));
    left -= piece.length;
    yield piece;
  }
}

/** False when there is none of that account. */
export async function dropFile(pool: Pool, { fileId, accountId }: Pick<Upload, 'fileId' | 'accountId'>): Promise<boolean> {
  const { rowCount } = await pool.query('DELETE FROM stored_file WHERE id = $1 AND account_id = $2', [fileId, accountId]);
  return rowCount === 1;
}

/** What arrived of an upload that came to nothing. */
export async function dropUnfinished(pool: Pool, { fileId, accountId }: Pick<Upload, 'fileId' | 'accountId'>): Promise<void> {
  await pool.query('DELETE FROM stored_file WHERE id = $1 AND account_id = $2 AND NOT complete', [fileId, accountId]);
}

export async function dropExpiredFiles(pool: Pool): Promise<void> {
  await pool.query('DELETE FROM stored_file WHERE expires_at <= now()');
}

export function noSuchFile(): GatewayError {
  return new GatewayError('not_found', 'There is no such file.', { param: 'id' });
}

async function* inPieces(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const part of content) {
    waiting.push(part);
    length += part.length;
    if (length < PIECE_BYTES) continue;
    yield Buffer.concat(waiting, length);
    waiting = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(waiting, length);
}

function boundTo(fileId: string, ordinal: number): Buffer {
  return Buffer.from(`modelapi file v1 ${fileId} ${ordinal}`);
}
