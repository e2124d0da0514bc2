/** OpenAI's files and batches with its own SDK, unchanged but for the base URL: what is uploaded, run, read back, refused and deleted. */
import OpenAI, { toFile } from 'openai';
import type { Batch } from 'openai/resources/batches';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { assertMoneyInvariants } from '../support/invariants.js';
import { startStack, type TestStack } from '../support/stack.js';

let stack: TestStack;
let client: OpenAI;
let stranger: OpenAI;
beforeAll(async () => {
  stack = await startStack({ nodes: ['us', 'us'] });
  const baseURL = `${stack.gateway}/v1`;
  client = new OpenAI({ baseURL, apiKey: stack.apiKey, maxRetries: 0 });
  stranger = new OpenAI({ baseURL, apiKey: await registerStranger(), maxRetries: 0 });
}, 120_000);

afterEach(() => assertMoneyInvariants(stack.database.pool));

const ENDED = ['completed', 'failed', 'expired', 'cancelled'];
const creation = (fileId: string) => ({ input_file_id: fileId, endpoint: '/v1/chat/completions', completion_window: '24h' }) as const;

function lineOf(index: number, body: object = {}): string {
  const messages = [{ role: 'user', content: `Summarize document number ${index} 摘要` }];
  return JSON.stringify({
    custom_id: `doc_${index}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4o-mini', messages, max_tokens: 50, ...body },
  });
}

const lines = (count: number, body?: object) => Array.from({ length: count }, (_line, index) => lineOf(index, body));

async function upload(text: string, name = 'requests.jsonl') {
  return client.files.create({ file: await toFile(Buffer.from(text), name), purpose: 'batch' });
}

async function waitForEnd(id: string, seconds = 30): Promise<Batch> {
  for (const until = Date.now() + seconds * 1_000; Date.now() < until; ) {
    const batch = await client.batches.retrieve(id);
    if (ENDED.includes(batch.status)) return batch;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the batch did not end within ${seconds} s`);
}

interface OutputLine {
  readonly id: string;
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly request_id: string; readonly body: OpenAI.ChatCompletion } | null;
  readonly error: { readonly code: string } | null;
}

async function readLines(fileId: string | null | undefined): Promise<OutputLine[]> {
  const text = await (await client.files.content(fileId ?? '')).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('a file', () => {
  test('comes back as it was uploaded, is listed, and is gone when deleted', async () => {
    const text = `${lines(20_000).join('\n')}\n`;
    const file = await upload(text, 'viele Anfragen.jsonl');
    expect(file).toMatchObject({ object: 'file', bytes: Buffer.byteLength(text), filename: 'viele Anfragen.jsonl', purpose: 'batch' });
    expect((file.expires_at ?? 0) - file.created_at).toBe(30 * 86_400);
    expect(await (await client.files.content(file.id)).text()).toBe(text);
    expect(await client.files.retrieve(file.id)).toEqual(file);
    expect((await client.files.list({ purpose: 'batch', limit: 1 })).data).toEqual([file]);
    const { rows } = await stack.database.pool.query(
      "SELECT count(*)::int AS pieces, max(octet_length(content))::int AS largest, bool_or(position('Summarize'::bytea IN content) > 0) AS readable FROM stored_file_piece",
    );
    expect(rows[0]).toMatchObject({ readable: false });
    expect(rows[0].pieces).toBeGreaterThan(2);
    expect(rows[0].largest).toBeLessThan(1_200_000);
    expect(await client.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 });
  });

  test('may say its purpose before or after its content, and can be kept for less than a month', async () => {
    for (const purposeFirst of [true, false]) {
      const form = new FormData();
      if (purposeFirst) form.append('purpose', 'batch');
      form.append('file', new Blob([lineOf(1)]), 'one.jsonl');
      if (!purposeFirst) form.append('purpose', 'batch');
      form.append('expires_after[anchor]', 'created_at');
      form.append('expires_after[seconds]', '3600');
      const { status, body } = await post('/v1/files', form);
      expect(status).toBe(200);
      expect(Number(body['expires_at']) - Number(body['created_at'])).toBe(3_600);
    }
  });

  test('is the same one under its Idempotency-Key; another file is a conflict', async () => {
    const form = (text: string) => {
      const data = new FormData();
      data.append('purpose', 'batch');
      data.append('file', new Blob([text]), 'one.jsonl');
      return data;
    };
    const headers = { 'idempotency-key': 'file once' };
    const first = await post('/v1/files', form(lineOf(1)), headers);
    const second = await post('/v1/files', form(lineOf(1)), headers);
    expect(second.body['id']).toBe(first.body['id']);
    expect((await post('/v1/files', form(lineOf(2)), headers)).status).toBe(409);
  });

  test.each([
    ['no file', () => new FormData(), 400, 'file'],
    ['an empty file', () => formOf('', 'batch'), 400, 'file'],
    ['no purpose', () => formOf(lineOf(1), undefined), 400, 'purpose'],
    ['another purpose', () => formOf(lineOf(1), 'fine-tune'), 400, 'purpose'],
  ])('with %s is refused and nothing is kept', async (_name, form, status, param) => {
    const before = await storedFiles();
    const refused = await post('/v1/files', form());
    expect({ status: refused.status, param: refused.body.error?.param }).toEqual({ status, param });
    expect(await storedFiles()).toBe(before);
  });

  test('whose sender leaves is dropped', async () => {
    const before = await storedFiles();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        controller.enqueue(new TextEncoder().encode(head + 'x'.repeat(100_000)));
      },
    });
    const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="endless.jsonl"\r\n\r\n';
    const headers = { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'multipart/form-data; boundary=b' };
    const leaving = fetch(`${stack.gateway}/v1/files`, {
      ...{ method: 'POST', headers, body, duplex: 'half' },
      signal: AbortSignal.timeout(600),
    } as RequestInit);
    await expect(leaving).rejects.toThrow();
    for (const until = Date.now() + 5_000; (await storedFiles()) !== before && Date.now() < until; )
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await storedFiles()).toBe(before);
  });

  test('counts against the room of its account', async () => {
    const { rows } = await stack.database.pool.query('SELECT account_id FROM api_key ORDER BY created_at LIMIT 1');
    await stack.database.pool.query(
      `INSERT INTO stored_file (id, account_id, filename, bytes, data_key, expires_at)
       VALUES ('00000000-0000-7000-8000-000000000001', $1, 'large', 2147483000, '', now() + interval '1 hour')`,
      [rows[0].account_id],
    );
    const refused = await post('/v1/files', formOf(lines(100).join('\n'), 'batch'));
    await stack.database.pool.query("DELETE FROM stored_file WHERE filename = 'large'");
    expect(refused.status).toBe(413);
    expect(refused.body.error?.message).toContain('Delete files');
  });

  // On the connection of the refusal before: a refusal of what has come whole cuts nothing off.
  test('above 200 MB is refused', { timeout: 60_000 }, async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'a');
    let sent = 0;
    const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="large.jsonl"\r\n\r\n';
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(sent === 0 ? new TextEncoder().encode(head) : megabyte);
        if (++sent > 205) controller.close();
      },
    });
    const response = await fetch(`${stack.gateway}/v1/files`, {
      ...{ method: 'POST', body, duplex: 'half' },
      headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'multipart/form-data; boundary=b' },
    } as RequestInit);
    expect(response.status).toBe(413);
    expect(((await response.json()) as Refusal).error?.code).toBe('request_too_large');
  });
});

describe('a batch of a file', () => {
  test('runs every line once, at half price, and its answers are a file', async () => {
    const broken = lineOf(40, { max_tokens: 50, messages: [{ role: 'user', content: '[[sandbox 400]] refuse me' }] });
    const file = await upload(`${[...lines(40), broken, lineOf(41, { model: 'claude-sonnet-4' })].join('\n')}\n\n`);
    const created = await client.batches.create({ ...creation(file.id), metadata: { run: 'nightly' } });
    expect(created).toMatchObject({
      object: 'batch',
      status: 'validating',
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      input_file_id: file.id,
      metadata: { run: 'nightly' },
      output_file_id: null,
    });
    const batch = await waitForEnd(created.id);
    expect(batch.status).toBe('completed');
    expect(batch.request_counts).toEqual({ total: 42, completed: 41, failed: 1 });
    const output = await readLines(batch.output_file_id);
    expect(output.map((line) => line.custom_id)).toEqual([...Array.from({ length: 40 }, (_, index) => `doc_${index}`), 'doc_41']);
    expect(output[0]).toMatchObject({ error: null, response: { status_code: 200, body: { object: 'chat.completion' } } });
    const errors = await readLines(batch.error_file_id);
    expect(errors).toMatchObject([{ custom_id: 'doc_40', response: { status_code: 400 } }]);
    const outputFile = await client.files.retrieve(batch.output_file_id ?? '');
    expect(outputFile).toMatchObject({ purpose: 'batch_output', filename: `${batch.id}_output.jsonl` });
    expect(outputFile.bytes).toBe((await (await client.files.content(outputFile.id)).arrayBuffer()).byteLength);
    const errorFile = await client.files.retrieve(batch.error_file_id ?? '');
    expect(errorFile.bytes).toBe((await (await client.files.content(errorFile.id)).arrayBuffer()).byteLength);
    expect((await client.batches.list({ limit: 1 })).data[0]?.id).toBe(batch.id);
    await expectCharges(batch.id, 41);
  });

  test('is the same one under its Idempotency-Key', async () => {
    const file = await upload(lineOf(1));
    const first = await client.batches.create(creation(file.id), { headers: { 'idempotency-key': 'batch once' } });
    const second = await client.batches.create(creation(file.id), { headers: { 'idempotency-key': 'batch once' } });
    expect(second.id).toBe(first.id);
    await waitForEnd(first.id);
  });

  test('with one bad line of 50,000 names it and holds nothing', { timeout: 180_000 }, async () => {
    const all = lines(50_000);
    all[39_999] = all[39_999]?.slice(0, -2) ?? '';
    const file = await upload(all.join('\n'));
    const created = await client.batches.create(creation(file.id));
    const batch = await waitForEnd(created.id, 120);
    expect(batch).toMatchObject({ status: 'failed', request_counts: { total: 0, completed: 0, failed: 0 } });
    expect(batch.errors?.data).toEqual([{ code: 'invalid_request', line: 40_000, message: 'This line is not valid JSON.', param: null }]);
    const { rows } = await stack.database.pool.query(
      "SELECT (SELECT count(*) FROM lease WHERE node_id = 'batch' AND state = 'open')::int AS holds, (SELECT count(*) FROM batch_item JOIN batch ON id = batch_id WHERE batch.status = 'failed')::int AS items",
    );
    expect(rows[0]).toEqual({ holds: 0, items: 0 });
  });

  test.each([
    ['a repeated custom_id', () => [...lines(3), lineOf(1)], { code: 'duplicate_custom_id', line: 4, param: 'custom_id' }],
    ['a streamed line', () => [lineOf(0), lineOf(1, { stream: true })], { line: 2, param: 'stream' }],
    ['an unknown model', () => [lineOf(0, { model: 'no-such-model' })], { code: 'model_not_found', line: 1, param: 'model' }],
    ['a line without messages', () => [lineOf(0), lineOf(1, { messages: undefined })], { line: 2, param: 'messages' }],
    ['another url', () => [lineOf(0).replace('/v1/chat/completions', '/v1/embeddings')], { line: 1, param: 'url' }],
    ['another method', () => [lineOf(0).replace('POST', 'GET')], { line: 1, param: 'method' }],
    ['no custom_id', () => [lineOf(0).replace('custom_id', 'custom')], { line: 1, param: 'custom_id' }],
    ['a zero character in a custom_id', () => [lineOf(0).replace('doc_0', 'doc\\u0000')], { line: 1, param: 'custom_id' }],
    ['an array for a line', () => [lineOf(0), '[]'], { line: 2 }],
    ['blank lines alone', () => ['', ' ', ''], { code: 'empty_file', line: null }],
    ['more than 50,000 lines', () => Array.from({ length: 50_001 }, (_, index) => `{"custom_id":"${index}"}`), { line: 1 }],
    [
      'more than the wallet can hold',
      () => lines(300, { model: 'claude-opus-4-7', max_tokens: 100_000 }),
      { code: 'insufficient_quota', line: null },
    ],
  ])('with %s fails with the reason and holds nothing', async (_name, text, error) => {
    const file = await upload(text().join('\n'));
    const batch = await waitForEnd((await client.batches.create(creation(file.id))).id);
    expect(batch.status).toBe('failed');
    expect(batch.errors?.data?.[0]).toMatchObject(error);
    expect(batch.failed_at).toBeGreaterThanOrEqual(batch.created_at);
    const { rows } = await stack.database.pool.query("SELECT count(*)::int AS open FROM lease WHERE node_id = 'batch' AND state = 'open'");
    expect(rows[0].open).toBe(0);
  });

  test.each([
    ['no such file', { input_file_id: 'file-nothing' }, 404, 'input_file_id'],
    ['another endpoint', { endpoint: '/v1/embeddings' }, 400, 'endpoint'],
    ['another window', { completion_window: '1h' }, 400, 'completion_window'],
  ])('with %s is refused', async (_name, change, status, param) => {
    const file = await upload(lineOf(0));
    const refused = client.batches.create({ ...creation(file.id), ...change } as OpenAI.BatchCreateParams);
    await expect(refused).rejects.toMatchObject({ status, param });
  });

  test('that is cancelled keeps what is done and says what was not sent', async () => {
    const messages = [{ role: 'user', content: '[[sandbox latency=400]] slowly' }];
    const file = await upload(lines(300, { messages }).join('\n'));
    const { id } = await client.batches.create(creation(file.id));
    await expect.poll(async () => (await client.batches.retrieve(id)).request_counts?.completed, { timeout: 15_000 }).toBeGreaterThan(0);
    expect(['cancelling', 'cancelled']).toContain((await client.batches.cancel(id)).status);
    const batch = await waitForEnd(id);
    expect(batch.status).toBe('cancelled');
    const [done, unsent] = [await readLines(batch.output_file_id), await readLines(batch.error_file_id)];
    expect(done.length).toBe(batch.request_counts?.completed);
    expect(done.length + unsent.length).toBe(300);
    expect(unsent.every((line) => line.response === null && line.error?.code === 'batch_cancelled')).toBe(true);
  });

  test('whose output is deleted keeps its charge and not its answers', async () => {
    const file = await upload(lineOf(0));
    const batch = await waitForEnd((await client.batches.create(creation(file.id))).id);
    await client.files.delete(batch.output_file_id ?? '');
    await expect(client.files.content(batch.output_file_id ?? '')).rejects.toMatchObject({ status: 404 });
    expect((await client.batches.retrieve(batch.id)).output_file_id).toBeNull();
    await expectCharges(batch.id, 1);
  });

  test("and its files are nobody else's", async () => {
    const file = await upload(lineOf(0));
    const batch = await waitForEnd((await client.batches.create(creation(file.id))).id);
    const outputId = batch.output_file_id ?? '';
    const notFound = { status: 404 };
    for (const id of [file.id, outputId]) {
      await expect(stranger.files.retrieve(id)).rejects.toMatchObject(notFound);
      await expect(stranger.files.content(id)).rejects.toMatchObject(notFound);
      await expect(stranger.files.delete(id)).rejects.toMatchObject(notFound);
    }
    await expect(stranger.batches.create(creation(file.id))).rejects.toMatchObject(notFound);
    await expect(stranger.batches.retrieve(batch.id)).rejects.toMatchObject(notFound);
    await expect(stranger.batches.cancel(batch.id)).rejects.toMatchObject(notFound);
    expect((await stranger.files.list()).data).toEqual([]);
    expect((await stranger.batches.list()).data).toEqual([]);
    expect(await readLines(outputId)).toHaveLength(1);
  });
});

test('every route that needs an API key is a 401 without one', async () => {
  const document = (await (await fetch(`${stack.gateway}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { security: Record<string, unknown>[] }>>;
  };
  const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { security }]) => security.some((scheme) => 'apiKey' in scheme))
      .map(([method]) => ({ method: method.toUpperCase(), path })),
  );
  expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual(
    expect.arrayContaining(['POST /v1/files', 'GET /v1/files/{id}/content', 'POST /v1/batches', 'POST /v1/batches/{id}/cancel']),
  );
  for (const { method, path } of routes) {
    const url = stack.gateway + path.replaceAll(/\{\w+\}/g, 'file-00000000000070008000000000000000');
    const body = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
    const answers = await Promise.all([
      fetch(url, { method, ...body }),
      fetch(url, { method, ...body, headers: { ...body.headers, authorization: 'Bearer sk-ama-nobody' } }),
    ]);
    expect({ method, path, statuses: answers.map(({ status }) => status) }).toEqual({ method, path, statuses: [401, 401] });
  }
  const planning = await fetch(`${stack.gateway}/internal/plan-lines`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
    body: '{"lines":[]}',
  });
  expect(planning.status).toBe(403);
});

interface Refusal {
  readonly error?: { readonly code: string; readonly message: string; readonly param: string | null };
  readonly [member: string]: unknown;
}

async function post(path: string, body: FormData, headers: Record<string, string> = {}) {
  const response = await fetch(stack.gateway + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.apiKey}`, ...headers },
    body,
  });
  return { status: response.status, body: (await response.json()) as Refusal };
}

function formOf(text: string, purpose: string | undefined): FormData {
  const form = new FormData();
  form.append('file', new Blob([text]), 'requests.jsonl');
  if (purpose !== undefined) form.append('purpose', purpose);
  return form;
}

async function storedFiles(): Promise<number> {
  const { rows } = await stack.database.pool.query('SELECT count(*)::int AS files FROM stored_file');
  return rows[0].files;
}

/** Each item once; the saving and the charge are together what the same tokens cost interactively. */
async function expectCharges(publicId: string, items: number): Promise<void> {
  const id = publicId.replace('batch_', '').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const read = async () => {
    const { rows } = await stack.database.pool.query(
      `SELECT count(*)::int AS charged, sum(charge)::text AS charge, sum(interactive)::text AS interactive FROM batch_item
       JOIN batch_item_charge ON batch_item_charge.batch_item_id = item_id::text JOIN settlement ON settlement.request_id = batch_item_charge.request_id WHERE batch_id = $1`,
      [id],
    );
    return rows[0] as { charged: number; charge: string; interactive: string };
  };
  await expect.poll(async () => (await read()).charged, { timeout: 10_000 }).toBe(items);
  const { charge, interactive } = await read();
  const shown = (await client.batches.retrieve(publicId)) as Batch & { readonly cost_usd: string; readonly saved_usd: string };
  expect(Math.round(Number(shown.cost_usd) * 1e9)).toBe(Number(charge));
  expect(Math.round(Number(shown.saved_usd) * 1e9)).toBe(Number(interactive) - Number(charge));
  expect(Number(interactive) - 2 * Number(charge)).toBeGreaterThanOrEqual(0);
  expect(Number(interactive) - 2 * Number(charge)).toBeLessThanOrEqual(items);
}

async function registerStranger(): Promise<string> {
  const send = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(stack.gateway + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return (await response.json()) as { readonly token: string; readonly key: string };
  };
  const { token } = await send('/auth/register', { email: 'stranger@example.com', password: 'a long pass phrase' });
  return (await send('/v1/keys', { name: 'theirs' }, { authorization: `Bearer ${token}` })).key;
}
