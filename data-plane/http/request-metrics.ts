/** What `/metrics` says of completions. Recording is two additions and a histogram without labels: it runs once a request. */
import { Counter, Histogram, type Registry } from 'prom-client';

export class RequestMetrics {
  readonly #byStatus = new Map<number, number>();
  readonly #seconds: Histogram;

  constructor(registry: Registry) {
    const byStatus = this.#byStatus;
    new Counter({
      name: 'modelapi_completions_total',
      help: 'Completions by the HTTP status that the client saw; 499 is a client that left.',
      labelNames: ['status'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [status, count] of byStatus) this.inc({ status: String(status) }, count);
      },
    });
    this.#seconds = new Histogram({
      name: 'modelapi_completion_seconds',
      help: 'From the parsed request to the last byte.',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers: [registry],
    });
  }

  record(status: number, durationMs: number): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
    this.#seconds.observe(durationMs / 1000);
  }
}
