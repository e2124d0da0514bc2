/** Is this manifest the publisher's, and well formed? Signature first: nothing of an unsigned one is used. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Manifest, signedManifestText } from '../../shared/snapshot.js';
import { RevisionRejected } from './config-source.js';

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Ten times what a million keys need: a signed mistake cannot take all memory. */
const MAX_DOCUMENT_BYTES = 1024 * 1024 * 1024;
const Bytes = Type.Integer({ minimum: 1, maximum: MAX_DOCUMENT_BYTES });

const manifestSchema = Type.Object({
  format: Type.Literal(1),
  revision: Type.Integer({ minimum: 1 }),
  previous: Count,
  publishedAt: Type.String(),
  catalog: Type.Object({ sha256: Sha256, bytes: Bytes }),
  accessBase: Type.Object({ sha256: Sha256, bytes: Bytes, revision: Count }),
  accessChanges: Type.Object({ count: Count, digest: Sha256 }),
  signature: Type.String({ minLength: 1 }),
});
const wellFormed = Compile(manifestSchema);

/** `publicKey`: raw Ed25519, base64url. */
export function snapshotVerificationKey(publicKey: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' });
}

/** Throws RevisionRejected. */
export function verifyManifest(candidate: unknown, key: KeyObject): Manifest {
  if (!isManifest(candidate)) throw new RevisionRejected(revisionOf(candidate), 'the manifest is malformed');
  const signature = Buffer.from(candidate.signature, 'base64url');
  if (!verify(null, Buffer.from(signedManifestText(candidate)), key, signature))
    throw new RevisionRejected(candidate.revision, 'the signature is not the publisher’s');
  return candidate;
}

function isManifest(candidate: unknown): candidate is Static<typeof manifestSchema> {
  return wellFormed.Check(candidate);
}

function revisionOf(candidate: unknown): number {
  const revision = typeof candidate === 'object' && candidate !== null && 'revision' in candidate ? candidate.revision : undefined;
  return typeof revision === 'number' ? revision : 0;
}
