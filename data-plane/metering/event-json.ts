/**
 * START and END as JSON, written out: `JSON.stringify` of these two was a twentieth of a request. Every member stands here by name; a
 * test whose events have every member holds the text against `JSON.stringify`.
 */
import type { AttemptRecord, UsageEvent } from '../../shared/usage-event.js';
import type { StartRecord } from './spool-record.js';

/** Printable ASCII without the quote and the backslash: what ids, names and reasons nearly always are. */
const PLAIN = /^[ !#-[\]-~]*$/;

export function startJson(start: StartRecord): string {
  return `{${startMembers(start)}}`;
}

export function eventJson(event: UsageEvent): string {
  const { buckets } = event;
  return (
    `{${startMembers(event)},"nodeId":${text(event.nodeId)},"epoch":${event.epoch},"sequence":${event.sequence},` +
    `"model":${text(event.model)},"vendorId":${text(event.vendorId)},"endpointId":${text(event.endpointId)},` +
    `"upstreamModel":${text(event.upstreamModel)},"byok":${event.byok},"priceRevision":${event.priceRevision},` +
    `"attempts":[${event.attempts.map(attemptJson).join(',')}],"excluded":${event.excluded.length === 0 ? '[]' : JSON.stringify(event.excluded)},` +
    `"buckets":{"inputUncached":${buckets.inputUncached},"cacheRead":${buckets.cacheRead},"cacheWrite5m":${buckets.cacheWrite5m},` +
    `"cacheWrite1h":${buckets.cacheWrite1h},"output":${buckets.output},"requests":${buckets.requests}},` +
    `"reasoningTokens":${event.reasoningTokens},"actualNano":"${event.actualNano}","chargeNano":"${event.chargeNano}",` +
    `"reason":"${event.reason}","estimated":${event.estimated},"usageMismatch":${event.usageMismatch},"status":${event.status},` +
    `"errorCode":${text(event.errorCode)},"finishReason":${text(event.finishReason)},"firstTokenMs":${event.firstTokenMs},` +
    `"totalMs":${event.totalMs}}`
  );
}

function startMembers(start: StartRecord): string {
  const { multiplier } = start;
  return (
    `"requestId":${text(start.requestId)},"region":${text(start.region)},"accountId":${text(start.accountId)},"keyId":${text(start.keyId)},` +
    `"leaseId":${text(start.leaseId)},"test":${start.test},"modelAsked":${text(start.modelAsked)},"route":${text(start.route)},` +
    `"tier":${text(start.tier)},"sessionId":${text(start.sessionId)},` +
    `"multiplier":{"numerator":${multiplier.numerator},"denominator":${multiplier.denominator}},"streamed":${start.streamed},` +
    `"startedAtMs":${start.startedAtMs},"batchItemId":${text(start.batchItemId)}`
  );
}

function attemptJson(attempt: AttemptRecord): string {
  return (
    `{"vendorId":${text(attempt.vendorId)},"endpointId":${text(attempt.endpointId)},"model":${text(attempt.model)},` +
    `"credential":"${attempt.credential}","outcome":${text(attempt.outcome)},"status":${attempt.status},` +
    `"durationMs":${attempt.durationMs},"firstTokenMs":${attempt.firstTokenMs}}`
  );
}

function text(value: string | null): string {
  if (value === null) return 'null';
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}
