/** What an email address and a password must look like. Pure. */
import { GatewayError } from '../../../shared/errors.js';

const EMAIL_PATTERN = /^[^\s@"'<>(),:;\\[\]]+@[^\s@"'<>(),:;\\[\]]+\.[^\s@"'<>(),:;\\[\].]{2,}$/;
const MAX_EMAIL = 254;
const MIN_PASSWORD = 10;
/** Hashing must not be handed megabytes. */
const MAX_PASSWORD = 1_000;

/** Trimmed and in lower case. Throws `invalid_request`. */
export function normaliseEmail(text: string): string {
  const email = text.trim().toLowerCase();
  if (email.length > MAX_EMAIL || !EMAIL_PATTERN.test(email))
    throw new GatewayError('invalid_request', 'email must be an email address.', { param: 'email' });
  return email;
}

/** Throws `invalid_request`. */
export function requireGoodPassword(password: string, email: string): void {
  if (password.length < MIN_PASSWORD || password.length > MAX_PASSWORD)
    throw new GatewayError('invalid_request', `password must have ${MIN_PASSWORD} to ${MAX_PASSWORD} characters.`, { param: 'password' });
  if (password.toLowerCase() === email || new Set(password).size < 3)
    throw new GatewayError('invalid_request', 'password is too easy to guess.', { param: 'password' });
}
