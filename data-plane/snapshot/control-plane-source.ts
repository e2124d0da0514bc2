/** Revisions over HTTP from the control plane: when Redis is away, has lost a document, or was silent about a newer one. */
import type { DocumentReference, Manifest } from '../../shared/snapshot.js';
import type { ControlPlane, ControlPlaneRequest } from '../types.js';
import type { ConfigSource } from './config-source.js';

const DOCUMENT_TIMEOUT_MS = 60_000;
const MAX_CHANGES_BYTES = 256 * 1024 * 1024;

export class ControlPlaneSource implements ConfigSource {
  readonly name = 'control-plane';

  constructor(
    private readonly controlPlane: ControlPlane,
    private readonly nodeToken: string,
  ) {}

  async manifest(): Promise<unknown> {
    const answer = await this.#call({ path: '/internal/snapshot/manifest' });
    if (answer.status === 404) return undefined;
    return JSON.parse(expectOk(answer).toString('utf8'));
  }

  async document({ sha256, bytes }: DocumentReference): Promise<Buffer> {
    const path = `/internal/snapshot/documents/${sha256}`;
    return expectOk(await this.#call({ path, timeoutMs: DOCUMENT_TIMEOUT_MS, maxBytes: bytes }));
  }

  async changes(manifest: Manifest, afterRevision: number): Promise<readonly string[]> {
    const path = `/internal/snapshot/changes?base=${manifest.accessBase.sha256}&after=${afterRevision}`;
    const text = expectOk(await this.#call({ path, timeoutMs: DOCUMENT_TIMEOUT_MS, maxBytes: MAX_CHANGES_BYTES })).toString('utf8');
    return text.split('\n').filter((line) => line !== '');
  }

  #call(request: ControlPlaneRequest) {
    return this.controlPlane.call({ ...request, headers: { authorization: `Bearer ${this.nodeToken}` } });
  }
}

function expectOk({ status, body }: { readonly status: number; readonly body: Buffer }): Buffer {
  if (status !== 200) throw new Error(`the control plane answered ${status}`);
  return body;
}
