/** Health of the endpoints that this node has used, for `/metrics`: one series an endpoint, none for those that it never asked. */
import { Gauge, type Registry } from 'prom-client';
import type { EndpointReading } from './upstream/health.js';

type Figure = readonly [name: string, help: string, read: (reading: EndpointReading) => number | null];

const FIGURES: readonly Figure[] = [
  ['modelapi_endpoint_success_ratio', 'Of recent attempts, 0 to 1.', (reading) => reading.successRate],
  ['modelapi_endpoint_share', 'What recent 429s leave of its traffic, 0 to 1.', (reading) => reading.share],
  ['modelapi_endpoint_circuit_open', '1 while it is asked by nobody.', (reading) => (reading.open ? 1 : 0)],
  ['modelapi_endpoint_answers', 'Answers that began since the node started.', (reading) => reading.requests],
  [
    'modelapi_endpoint_first_token_seconds',
    'Smoothed; absent until a stream was measured.',
    ({ firstTokenMs }) => (firstTokenMs === null ? null : firstTokenMs / 1000),
  ],
  ['modelapi_endpoint_tokens_per_second', 'Smoothed; absent until it was measured.', (reading) => reading.tokensPerSecond],
];

export function registerEndpointMetrics(registry: Registry, readings: () => readonly EndpointReading[]): void {
  for (const [name, help, read] of FIGURES) {
    new Gauge({
      name,
      help,
      labelNames: ['endpoint'],
      registers: [registry],
      collect() {
        this.reset();
        for (const reading of readings()) {
          const value = read(reading);
          if (value !== null) this.set({ endpoint: reading.endpointId }, value);
        }
      },
    });
  }
}
