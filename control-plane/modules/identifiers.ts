import { GatewayError } from '../../shared/errors.js';
import { UUID_PATTERN } from '../db/find-page.js';

/** An id that cannot be one is an id that does not exist. Throws `not_found` before PostgreSQL refuses the text. */
export function requireUuid(id: string): string {
  if (!UUID_PATTERN.test(id)) throw new GatewayError('not_found', 'No such id.', { param: 'id' });
  return id.toLowerCase();
}
