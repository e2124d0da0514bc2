/**
 * What a request may spend, from leases that this node already has: in memory, no hop. Only when they do not suffice is the control
 * plane asked (one call for all who wait), which answers:
 *
 * - granted: the request runs; what it does not use goes back to the lease.
 * - refused: 402 with the balance and the needed amount, or 403. Over all nodes exactly what a wallet affords is admitted.
 * - nothing: what is left of the leases is used up, then 503 with a retry hint. Our own absence is never a 401 or a 402.
 *
 * Test keys hold nothing and cost nothing.
 */
import { GatewayError } from '../../shared/errors.js';
import type { GrantRefusal } from '../../shared/lease.js';
import type { LeaseHold } from '../../shared/lease-hold.js';
import type { LeasePool } from '../../shared/lease-pool.js';
import type { AskOutcome } from '../../shared/lease-purse.js';
import { formatUsd, type NanoUsd } from '../../shared/money.js';
import type { CompletionRequest, Hold, Principal, RateLimitReading, RoutePlan } from '../types.js';
import type { LeaseLink } from './lease-link.js';
import type { RateTicket } from './rate-limit.js';
import { affordableOutput, type HoldSize, sizeHold } from './size-hold.js';

export interface WalletOptions {
  readonly pool: LeasePool;
  readonly link: LeaseLink;
  /** Steady milliseconds. */
  readonly now: () => number;
  readonly topUpUrl: () => string;
}

const RETRY_AFTER_MS = 2_000;

/** Throws 402, 403 or 503; then nothing is held. `ticket` is closed with the hold. */
export function holdFunds(
  options: WalletOptions,
  request: CompletionRequest,
  principal: Principal,
  plan: RoutePlan,
  ticket: RateTicket,
): Hold | Promise<Hold> {
  if (principal.test) return new FreeHold(request.id, principal, ticket);
  const size = sizeHold(request, principal, plan);
  const held = options.pool.admit(principal.accountId, principal.keyId, size.amount, options.now());
  if (held) return new LeasedHold(request.id, held, ticket, options.link, null);
  return askForFunds(options, request, principal, plan, ticket, size);
}

async function askForFunds(
  options: WalletOptions,
  request: CompletionRequest,
  principal: Principal,
  plan: RoutePlan,
  ticket: RateTicket,
  size: HoldSize,
): Promise<Hold> {
  const outcome = await new Promise<AskOutcome>((resolve) => {
    options.pool.ask(principal.accountId, principal.keyId, size.amount, size.minimum, options.now(), resolve);
    options.link.poke();
  });
  if (outcome.kind === 'unavailable')
    throw new GatewayError('service_unavailable', 'Billing cannot be reached at the moment. Nothing was charged; try again shortly.', {
      retryAfterMs: RETRY_AFTER_MS,
    });
  if (outcome.kind === 'refused') throw refusalError(outcome.refusal, outcome.available, size.minimum, options.topUpUrl());
  const { hold } = outcome;
  const limited = size.limitsOutput && hold.amount < size.amount;
  const outputTokens = limited ? affordableOutput(hold.amount, plan, principal.multiplier) : null;
  return new LeasedHold(request.id, hold, ticket, options.link, outputTokens);
}

function refusalError(refusal: GrantRefusal, available: NanoUsd, needed: NanoUsd, topUpUrl: string): GatewayError {
  const extra = { balance_usd: formatUsd(available), needed_usd: formatUsd(needed), top_up_url: topUpUrl };
  switch (refusal) {
    case 'insufficient_quota':
      return new GatewayError(
        'insufficient_quota',
        `This request may cost up to $${extra.needed_usd}; $${extra.balance_usd} is available. Top up at ${topUpUrl}, or ask for fewer max_tokens.`,
        { extra },
      );
    case 'key_budget_exceeded':
      return new GatewayError('key_budget_exceeded', "This API key's own budget does not cover this request. Raise it on the keys page.", {
        extra: { needed_usd: extra.needed_usd, top_up_url: topUpUrl },
      });
    case 'account_suspended':
      return new GatewayError('account_suspended', 'This account is suspended. Contact support to have it reinstated.');
    case 'account_frozen':
      return new GatewayError('account_suspended', 'This account is frozen until an open payment dispute or balance check is settled.');
    case 'unknown_key':
      return new GatewayError('invalid_api_key', 'This API key is unknown or was revoked. Create one on the keys page.');
    case 'lease_closed':
      return new GatewayError('service_unavailable', 'Billing is busy. Nothing was charged; try again shortly.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
  }
}

class LeasedHold implements Hold {
  constructor(
    readonly requestId: string,
    private readonly hold: LeaseHold,
    private readonly ticket: RateTicket,
    private readonly link: LeaseLink,
    readonly outputTokens: number | null,
  ) {}

  get accountId(): string {
    return this.hold.lease.accountId;
  }
  get keyId(): string {
    return this.hold.lease.keyId;
  }
  get leaseId(): string {
    return this.hold.lease.id;
  }
  get limits(): RateLimitReading {
    return this.ticket.limits;
  }
  get amount(): NanoUsd {
    return this.hold.amount;
  }
  get refused(): boolean {
    return this.hold.refused;
  }

  extend(more: NanoUsd): boolean {
    const held = this.hold.extend(more);
    if (!held) this.link.poke();
    return held;
  }

  settle(actual: NanoUsd, tokens: number): NanoUsd {
    this.ticket.close(tokens);
    return this.hold.settle(actual);
  }

  cancel(): void {
    this.ticket.close(undefined);
    this.hold.cancel();
  }
}

class FreeHold implements Hold {
  readonly leaseId = null;
  readonly amount = 0n;
  readonly refused = false;
  readonly outputTokens = null;
  readonly accountId: string;
  readonly keyId: string;

  constructor(
    readonly requestId: string,
    principal: Principal,
    private readonly ticket: RateTicket,
  ) {
    this.accountId = principal.accountId;
    this.keyId = principal.keyId;
  }

  get limits(): RateLimitReading {
    return this.ticket.limits;
  }

  extend(): boolean {
    return true;
  }

  settle(_actual: NanoUsd, tokens: number): NanoUsd {
    this.ticket.close(tokens);
    return 0n;
  }

  cancel(): void {
    this.ticket.close(undefined);
  }
}
