/** One line of the changes, checked before it is applied: it is signed, and may still be wrong. */
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';

const Flags = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });
const Uuid = Type.String({ pattern: '^[0-9a-fA-F-]{36}$' });
const AccessChangeSchema = Type.Object({
  revision: Type.Integer({ minimum: 1 }),
  keys: Type.Array(
    Type.Object({
      hash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      key: Type.Union([
        Type.Null(),
        Type.Object({
          keyId: Uuid,
          accountId: Uuid,
          expiresAt: Type.Integer({ minimum: 0 }),
          flags: Flags,
          policy: Type.Object({}),
        }),
      ]),
    }),
  ),
  accounts: Type.Array(Type.Object({ accountId: Uuid, flags: Flags, policy: Type.Object({}) })),
});
const accessChange = Compile(AccessChangeSchema);

export function isAccessChange(value: unknown): value is Static<typeof AccessChangeSchema> {
  return accessChange.Check(value);
}
