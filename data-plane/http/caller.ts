/** Who calls, read from one HTTP request. The address is worked out only when a key's IP ranges ask for it. */
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../pipeline.js';

export class HttpCaller implements Caller {
  constructor(
    private readonly request: FastifyRequest,
    readonly pinnedRegion: string | null,
  ) {}

  get authorization(): string | undefined {
    return this.request.headers.authorization;
  }

  /** The client's own, past trusted proxies; an IPv4 address that came over an IPv6 socket is an IPv4 address. */
  get address(): string {
    return this.request.ip.replace(/^::ffff:(?=\d)/i, '');
  }

  get batchTicket(): string | undefined {
    const ticket = this.request.headers['x-modelapi-batch-ticket'];
    return typeof ticket === 'string' ? ticket : undefined;
  }
}
