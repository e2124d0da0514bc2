/** What a route says of itself: `/openapi.json` and `/docs` are made from these, and an unknown method on a known path is a 405. */
import type { TSchema } from 'typebox';

export interface RouteDescription {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `{name}` for parameters, as OpenAPI writes them. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: 'Gateway' | 'Account' | 'Operations';
  readonly security: 'apiKey' | 'session' | 'none';
  readonly query?: Readonly<Record<string, { readonly description: string; readonly schema: TSchema }>>;
  readonly body?: TSchema;
  /** `application/json` when absent. */
  readonly bodyType?: string;
  readonly answers: Readonly<Record<string, { readonly description: string; readonly schema?: TSchema; readonly contentType?: string }>>;
}
