/**
 * The yardstick: Fastify and undici `dispatch`, bytes in and bytes out, nothing looked at. What a gateway costs beyond this is its own.
 * A process of its own, told by `config.ts` where to listen and to send.
 */
import fastify from 'fastify';
import { Pool } from 'undici';
import { readBareConfig } from './config.js';

const config = readBareConfig(process.env);
const upstream = new Pool(config.upstream, { connections: 256, pipelining: 1 });
const server = fastify({ logger: false, bodyLimit: 20 * 1024 * 1024 });
server.removeAllContentTypeParsers();
server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

server.post('/v1/chat/completions', (request, reply) => {
  reply.hijack();
  const { raw } = reply;
  upstream.dispatch(
    {
      path: '/v1/chat/completions',
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer bare' },
      body: request.body as Buffer,
    },
    {
      onRequestStart: (controller) => {
        raw.once('close', () => {
          if (!raw.writableFinished) controller.abort(new Error('the client left'));
        });
        raw.on('drain', () => controller.resume());
      },
      onResponseStart: (_controller, status, headers) => {
        raw.writeHead(status, { 'content-type': String(headers['content-type']), ...lengthOf(headers['content-length']) });
      },
      onResponseData: (controller, chunk) => {
        if (!raw.write(chunk)) controller.pause();
      },
      onResponseEnd: () => {
        raw.end();
      },
      onResponseError: () => {
        raw.destroy();
      },
    },
  );
});

function lengthOf(header: string | string[] | undefined): { 'content-length'?: string } {
  return typeof header === 'string' ? { 'content-length': header } : {};
}

await server.listen({ host: '127.0.0.1', port: config.port });
