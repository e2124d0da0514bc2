/**
 * Connections to URLs that a user supplied (BYOK base URLs, images to fetch). Three checks, because each alone can be walked around: a
 * literal address in the URL, every address that the name resolves to, and the socket's remote address once connected. Only public
 * unicast addresses pass. https on port 443, no user info; redirects are never followed (undici's `dispatch` does not).
 * A refusal is an UpstreamFailure `connection` that neither retries nor says what the name resolved to.
 */
import { lookup as resolveName } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { UpstreamFailure } from './protocols/protocol-adapter.js';

/** Throws UpstreamFailure when the URL may not be called at all. */
export function checkUserUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refused('not a URL');
  if (url.protocol !== 'https:') throw refused('only https is allowed');
  if (url.port !== '' && url.port !== '443') throw refused('only port 443 is allowed');
  if (url.username !== '' || url.password !== '') throw refused('credentials in the URL are not allowed');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw refused('not a public address');
  return url;
}

/** `::ffff:127.0.0.1` and the like count as the address inside. */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

/** undici's connector with the two checks that only a connection can make. */
export function buildSafeConnector(connectMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: connectMs, lookup: lookupPublic, allowH2: false });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !isPublicAddress(host)) return callback(refused('not a public address'), null);
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      if (isPublicPeer(socket)) return callback(null, socket);
      socket.destroy();
      callback(refused('not a public address'), null);
    });
  };
}

function isPublicPeer(socket: Socket): boolean {
  return socket.remoteAddress !== undefined && isPublicAddress(socket.remoteAddress);
}

/** Refuses the name when any of its addresses is not public: a rebinding answer mixes both. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) return callback(error ?? refused('the name has no address'), '', 0);
    if (!addresses.every(({ address }) => isPublicAddress(address))) return callback(refused('not a public address'), '', 0);
    if (options.all === true) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
};

function refused(why: string): UpstreamFailure {
  return new UpstreamFailure('connection', `user-supplied URL refused: ${why}`, {
    retryable: false,
    failover: true,
    publicMessage: `The base URL of your own vendor key cannot be used: ${why}.`,
  });
}
