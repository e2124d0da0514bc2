/**
 * OpenTelemetry traces of completions, when `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector (OTLP over HTTP): one server span a request,
 * under the client's own trace when it sent a W3C `traceparent`, and one client span an attempt. The vendor is given our span as its
 * parent. Names follow OpenTelemetry's conventions for generative AI; no prompt, completion or secret is in a span.
 *
 * - Spans leave in batches in the background. A collector that is away costs the spans and nothing else: no request waits for it.
 * - Without an endpoint none of this is loaded, and the client's header is passed on as it came.
 * Made by app.ts; `http` begins a trace and says how one ended that never was admitted, `settle` ends the others.
 */
import { type Context, defaultTextMapGetter, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { inputTokens } from '../shared/money.js';
import type { AttemptRecord, UsageEvent } from '../shared/usage-event.js';
import type { RequestTracing } from './types.js';

export interface TracingOptions {
  /** Base URL of the collector; `/v1/traces` is added. */
  readonly endpoint: string;
  readonly nodeId: string;
  readonly region: string;
  readonly version: string;
}

export interface Tracing extends RequestTracing {
  /** The request was admitted and has ended. */
  settled(event: UsageEvent): void;
  /** Sends what waits. */
  close(): Promise<void>;
}

const ERROR_STATUS = 400;

export function createTracing(options: TracingOptions): Tracing {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'modelapi-data-plane',
      'service.version': options.version,
      'service.instance.id': options.nodeId,
      'cloud.region': options.region,
    }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${options.endpoint}/v1/traces` }))],
  });
  const tracer = provider.getTracer('modelapi');
  const propagator = new W3CTraceContextPropagator();
  const open = new Map<string, { readonly span: Span; readonly context: Context }>();

  return {
    begin(requestId, traceparent) {
      const parent = traceparent === undefined ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter);
      const span = tracer.startSpan('chat', { kind: SpanKind.SERVER, attributes: { 'modelapi.request.id': requestId } }, parent);
      open.set(requestId, { span, context: trace.setSpan(ROOT_CONTEXT, span) });
      const { traceId, spanId, traceFlags } = span.spanContext();
      return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
    },
    ended(requestId, status) {
      const request = open.get(requestId);
      if (request === undefined) return;
      open.delete(requestId);
      finish(request.span, status, null, Date.now());
    },
    settled(event) {
      const request = open.get(event.requestId);
      if (request === undefined) return;
      open.delete(event.requestId);
      const endMs = event.startedAtMs + event.totalMs;
      let attemptEndMs = endMs;
      for (const attempt of event.attempts.toReversed()) {
        const startTime = attemptEndMs - attempt.durationMs;
        const span = tracer.startSpan(
          `chat ${attempt.model}`,
          { kind: SpanKind.CLIENT, startTime, attributes: attemptAttributes(attempt) },
          request.context,
        );
        finish(span, attempt.status ?? 0, attempt.outcome === 'ok' ? null : attempt.outcome, attemptEndMs);
        // Attempts follow one another; a pause between two of them is not recorded.
        attemptEndMs = startTime;
      }
      request.span.updateName(`chat ${event.modelAsked}`);
      request.span.setAttributes(requestAttributes(event));
      finish(request.span, event.status, event.errorCode, endMs);
    },
    close: () => provider.shutdown(),
  };
}

function finish(span: Span, status: number, error: string | null, endMs: number): void {
  if (status > 0) span.setAttribute('http.response.status_code', status);
  if (error !== null) span.setAttribute('error.type', error);
  if (error !== null || status >= ERROR_STATUS) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(endMs);
}

function requestAttributes(event: UsageEvent) {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': event.modelAsked,
    ...(event.model !== null && { 'gen_ai.response.model': event.model }),
    ...(event.vendorId !== null && { 'gen_ai.provider.name': event.vendorId }),
    ...(event.finishReason !== null && { 'gen_ai.response.finish_reasons': [event.finishReason] }),
    'gen_ai.usage.input_tokens': inputTokens(event.buckets),
    'gen_ai.usage.output_tokens': event.buckets.output,
    'modelapi.account.id': event.accountId,
    'modelapi.key.id': event.keyId,
    'modelapi.route': event.route,
    'modelapi.streamed': event.streamed,
    'modelapi.charge.nano_usd': event.chargeNano,
    'modelapi.settlement.reason': event.reason,
  };
}

function attemptAttributes(attempt: AttemptRecord) {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': attempt.model,
    'gen_ai.provider.name': attempt.vendorId,
    'modelapi.endpoint.id': attempt.endpointId,
    'modelapi.credential': attempt.credential,
    'modelapi.outcome': attempt.outcome,
    ...(attempt.firstTokenMs !== null && { 'modelapi.first_token_ms': attempt.firstTokenMs }),
  };
}
