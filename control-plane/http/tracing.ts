/**
 * OpenTelemetry traces of this plane's requests, when `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector (OTLP over HTTP): one span a request,
 * named after its route, under the caller's trace. No body, variable or header is in a span. A collector that is away costs the spans
 * and nothing else. Loaded only where it is configured.
 */
import { defaultTextMapGetter, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const FAILED_STATUS = 500;

/** `endpoint`: base URL of the collector. Spans that wait are sent when the server closes. */
export function registerTracing(server: FastifyInstance, endpoint: string): void {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'modelapi-control-plane' }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }))],
  });
  const tracer = provider.getTracer('modelapi');
  const propagator = new W3CTraceContextPropagator();
  const spans = new WeakMap<FastifyRequest, Span>();

  server.addHook('onRequest', (request, _reply, done) => {
    const parent = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
    const route = request.routeOptions.url ?? 'unknown';
    const attributes = { 'http.request.method': request.method, 'http.route': route };
    spans.set(request, tracer.startSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent));
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= FAILED_STATUS) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
  server.addHook('onClose', () => provider.shutdown());
}
