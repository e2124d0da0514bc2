/**
 * `npm run --silent secrets -- us sg > .env`: new secrets for a production installation with nodes in these regions, as the variables
 * that `compose.yaml` takes. Printed once and kept nowhere: put them where you keep secrets.
 */
import { randomBytes } from 'node:crypto';
import { generateSecrets } from './secrets.js';

const regions = process.argv.slice(2);
if (regions.length === 0) {
  process.stderr.write('usage: npm run --silent secrets -- us sg > .env\n');
  process.exit(2);
}
const secrets = generateSecrets(regions);
const variables = {
  POSTGRES_PASSWORD: secrets.postgresPassword,
  REDIS_PASSWORD: randomBytes(24).toString('hex'),
  NODE_TOKEN: secrets.nodeToken,
  API_KEY_PEPPER: secrets.apiKeyPepper,
  KMS_KEY: secrets.kmsKey,
  SNAPSHOT_PRIVATE_KEY: `${secrets.snapshot.privateKey}.${secrets.snapshot.publicKey}`,
  SNAPSHOT_PUBLIC_KEY: secrets.snapshot.publicKey,
  JWT_PRIVATE_KEY: `${secrets.jwt.privateKey}.${secrets.jwt.publicKey}`,
  JWT_PUBLIC_KEY: secrets.jwt.publicKey,
  OPERATOR_PASSWORD: secrets.operatorPassword,
  ...Object.fromEntries(
    Object.entries(secrets.regions).flatMap(([region, key]) => [
      [`REGION_PUBLIC_KEY_${region.toUpperCase()}`, key.publicKey],
      [`REGION_PRIVATE_KEY_${region.toUpperCase()}`, key.privateKey],
    ]),
  ),
};
process.stdout.write(
  `${Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`,
);
