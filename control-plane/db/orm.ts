/**
 * MikroORM on PostgreSQL. Each request works on its own fork (an identity map of its own); nothing is shared but the pool.
 * The schema is owned by `migrations/*.sql`: the ORM never creates or alters a table.
 * When PostgreSQL is away a query rejects; the pool connects again by itself.
 */
import 'reflect-metadata';
import { ReflectMetadataProvider } from '@mikro-orm/decorators/legacy';
import { type EntityClass, MikroORM } from '@mikro-orm/postgresql';

/** How long a statement of a request may run: a hanging database must not hold every connection of the pool. */
const STATEMENT_MS = 30_000;
const POOL_CONNECTIONS = 20;

export async function openOrm(databaseUrl: string, entities: readonly EntityClass<object>[]): Promise<MikroORM> {
  return MikroORM.init({
    clientUrl: databaseUrl,
    entities: [...entities],
    metadataProvider: ReflectMetadataProvider,
    metadataCache: { enabled: false },
    discovery: { warnWhenNoEntities: false },
    pool: { min: 0, max: POOL_CONNECTIONS },
    driverOptions: { statement_timeout: STATEMENT_MS, application_name: 'modelapi control' },
    debug: false,
    logger: () => {},
  });
}
