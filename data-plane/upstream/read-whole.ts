import type { ResponseReader } from './response-reader.js';

/** The whole body; undefined when it is larger than `maxBytes` (the call is then cancelled). */
export async function readWhole(reader: ResponseReader, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for (let chunk = await reader.read(); chunk !== undefined; chunk = await reader.read()) {
    parts.push(chunk);
    size += chunk.length;
    if (size <= maxBytes) continue;
    reader.abort(new Error(`the body is larger than ${maxBytes} bytes`));
    return undefined;
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}
