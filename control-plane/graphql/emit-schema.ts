/** `npm run schema`: writes the API's text, to be reviewed and committed with the change. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildGraphqlSchema, printGraphqlSchema } from './schema.js';

writeFileSync(
  fileURLToPath(new URL('../../../control-plane/graphql/schema.graphql', import.meta.url)),
  printGraphqlSchema(buildGraphqlSchema()),
);
