/** Who calls, read from one HTTP request. The address is worked out only when a key's IP ranges ask for it. */
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../pipeline.js';
import type { Hop } from '../region/hop.js';

export class HttpCaller implements Caller {
  constructor(
    private readonly request: FastifyRequest,
    readonly pinnedRegion: string | null,
    /** Set when another node of ours forwarded the request. */
    readonly hop: Hop | undefined,
  ) {}

  get authorization(): string | undefined {
    return this.request.headers.authorization;
  }

  /** The client's own, past trusted proxies and nodes of ours; an IPv4 address that came over an IPv6 socket is an IPv4 address. */
  get address(): string {
    return this.hop?.address ?? this.request.ip.replace(/^::ffff:(?=\d)/i, '');
  }

  get batchTicket(): string | undefined {
    const ticket = this.request.headers['x-modelapi-batch-ticket'];
    return typeof ticket === 'string' ? ticket : undefined;
  }
}
