import { GatewayError } from '../../../shared/errors.js';

/** Where a vendor's page sends people back to. Throws `invalid_request` for what a browser should not be sent to. */
export function readReturnUrl(text: string | null, param: string): string | undefined {
  if (text === null) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new GatewayError('invalid_request', `Invalid '${param}': must be an http or https address.`, { param });
  return url.href;
}
