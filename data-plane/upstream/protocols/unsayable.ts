import { UpstreamFailure } from './protocol-adapter.js';

/**
 * The request asks for something essential (content, not a parameter) that this protocol has no words for. Nothing was sent; another
 * vendor may be able to. `message` is ours and safe to show.
 */
export function unsayable(message: string, path: string): UpstreamFailure {
  return new UpstreamFailure('invalid_request', message, {
    retryable: false,
    failover: true,
    status: 400,
    publicMessage: message,
    param: path,
  });
}
