import { describe, expect, test } from 'vitest';
import { CircuitBreaker } from '../../../data-plane/upstream/circuit-breaker.js';
import { Health } from '../../../data-plane/upstream/health.js';
import { type FailureKind, UpstreamFailure } from '../../../data-plane/upstream/protocols/protocol-adapter.js';

function failure(kind: FailureKind): UpstreamFailure {
  return new UpstreamFailure(kind, kind, { retryable: true, failover: true });
}

function healthAt(): { health: Health; pass(ms: number): void } {
  let now = 1_000_000;
  return {
    health: new Health(() => now),
    pass: (ms) => {
      now += ms;
    },
  };
}

function fail(health: Health, kind: FailureKind, times: number, byok = false): void {
  for (let index = 0; index < times; index++) {
    health.tryBegin('e');
    health.recordFailure('e', failure(kind), byok);
  }
}

describe('the circuit', () => {
  test('opens on a run of failures, probes one at a time, closes after two good probes', () => {
    const { health, pass } = healthAt();
    fail(health, 'server_error', 5);
    expect(health.isOpen('e')).toBe(true);
    expect(health.tryBegin('e')).toBe(false);
    pass(5_001);
    expect(health.isOpen('e')).toBe(false);
    expect(health.tryBegin('e')).toBe(true);
    expect(health.tryBegin('e')).toBe(false);
    health.recordFirstToken('e', 100);
    expect(health.tryBegin('e')).toBe(true);
    health.recordFirstToken('e', 100);
    expect(health.tryBegin('e')).toBe(true);
    expect(health.tryBegin('e')).toBe(true);
  });

  test('a failed probe keeps it open twice as long', () => {
    const { health, pass } = healthAt();
    fail(health, 'timeout', 5);
    pass(5_001);
    fail(health, 'timeout', 1);
    pass(5_001);
    expect(health.isOpen('e')).toBe(true);
    pass(5_000);
    expect(health.isOpen('e')).toBe(false);
  });

  test('stays closed at a failure rate below half', () => {
    const { health } = healthAt();
    for (let index = 0; index < 100; index++) {
      health.tryBegin('e');
      if (index % 3 === 0) health.recordFailure('e', failure('server_error'), false);
      else health.recordFirstToken('e', 100);
    }
    expect(health.isOpen('e')).toBe(false);
    expect(health.successRate('e')).toBeGreaterThan(0.5);
    expect(health.successRate('e')).toBeLessThan(0.8);
  });

  test('opens when first tokens become slow', () => {
    const { health, pass } = healthAt();
    for (let index = 0; index < 30; index++) health.recordFirstToken('e', 400);
    expect(health.isOpen('e')).toBe(false);
    for (let index = 0; index < 30 && !health.isOpen('e'); index++) {
      pass(2_000);
      health.recordFirstToken('e', 20_000);
    }
    expect(health.isOpen('e')).toBe(true);
  });

  test('is not moved by requests at fault, customers that leave, or customers’ own credentials', () => {
    const { health } = healthAt();
    fail(health, 'invalid_request', 20);
    fail(health, 'context_length', 20);
    fail(health, 'auth', 20, true);
    fail(health, 'billing', 20, true);
    for (let index = 0; index < 20; index++) {
      health.tryBegin('e');
      health.recordAbandoned('e');
    }
    expect(health.isOpen('e')).toBe(false);
    expect(health.successRate('e')).toBe(1);
  });

  test('is opened by the house’s own empty wallet', () => {
    const { health } = healthAt();
    fail(health, 'billing', 6);
    expect(health.isOpen('e')).toBe(true);
  });

  test('an abandoned probe makes room for the next', () => {
    const { health, pass } = healthAt();
    fail(health, 'cut', 5);
    pass(5_001);
    expect(health.tryBegin('e')).toBe(true);
    health.recordAbandoned('e');
    expect(health.tryBegin('e')).toBe(true);
  });

  test('forgets: old failures do not open it', () => {
    const { health, pass } = healthAt();
    for (let index = 0; index < 20; index++) {
      fail(health, 'server_error', 1);
      pass(60_000);
    }
    expect(health.isOpen('e')).toBe(false);
  });
});

describe('rate limits', () => {
  test('halve the share at once, which recovers', () => {
    const { health, pass } = healthAt();
    expect(health.share('e')).toBe(1);
    fail(health, 'rate_limited', 1);
    expect(health.share('e')).toBe(0.5);
    fail(health, 'rate_limited', 1);
    expect(health.share('e')).toBe(0.25);
    pass(15_000);
    expect(health.share('e')).toBeCloseTo(0.75);
    pass(30_000);
    expect(health.share('e')).toBe(1);
  });

  test('of a customer’s own key are the customer’s', () => {
    const { health } = healthAt();
    fail(health, 'rate_limited', 5, true);
    expect(health.share('e')).toBe(1);
  });
});

describe('hints', () => {
  test('an opening is told, and believed by a neighbour for a moment', () => {
    const { health } = healthAt();
    const told: { endpointId: string; openForMs: number }[] = [];
    health.onHint((hint) => told.push(hint));
    fail(health, 'server_error', 5);
    expect(told).toEqual([{ endpointId: 'e', openForMs: 5_000 }]);
    const neighbour = healthAt();
    neighbour.health.applyHint({ endpointId: 'e', openForMs: 60_000 });
    expect(neighbour.health.isOpen('e')).toBe(true);
    neighbour.pass(5_001);
    expect(neighbour.health.isOpen('e')).toBe(false);
  });
});

test('the 95th percentile of the first token is found', () => {
  const { health } = healthAt();
  expect(health.slowFirstTokenMs('e')).toBeUndefined();
  let seed = 7;
  for (let index = 0; index < 5_000; index++) {
    seed = (seed * 16_807) % 2_147_483_647;
    health.recordFirstToken('e', 100 + (seed % 1_000));
  }
  const p95 = health.slowFirstTokenMs('e') ?? 0;
  expect(p95).toBeGreaterThan(850);
  expect(p95).toBeLessThan(1_300);
});

test('an idle breaker takes attempts', () => {
  expect(new CircuitBreaker().tryBegin(0)).toBe(true);
});
