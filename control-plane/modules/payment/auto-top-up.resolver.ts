import { Arg, Authorized, Ctx, Field, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { formatUsd } from '../../../shared/money.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { findAutoTopUp, findSavedCard, setAutoTopUp, sumAutoTopUps } from './auto-top-up.js';
import { beginCardSetup, removeSavedCard } from './saved-card.js';

@ObjectType({ description: 'Kept by Stripe; only this much of it is known here.' })
export class SavedCard {
  @Field(() => String, { description: 'visa, mastercard, ...' })
  brand!: string;

  @Field(() => String)
  last4!: string;

  @Field(() => Int)
  expMonth!: number;

  @Field(() => Int)
  expYear!: number;

  @Field(() => Date)
  savedAt!: Date;
}

@ObjectType({ description: 'Charges the saved card when the balance falls below a threshold.' })
export class AutoTopUp {
  @Field(() => Boolean)
  enabled!: boolean;

  @Field(() => String, { nullable: true, description: 'Null until it was set once, as the two below.' })
  thresholdUsd!: string | null;

  @Field(() => String, { nullable: true })
  amountUsd!: string | null;

  @Field(() => String, { nullable: true })
  monthlyCapUsd!: string | null;

  @Field(() => String, { description: 'Of the cap, in this calendar month (UTC).' })
  chargedThisMonthUsd!: string;

  @Field(() => Int, { description: 'Declines in a row.' })
  failures!: number;

  @Field(() => Date, { nullable: true, description: 'After a decline: not before this.' })
  retryAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Why we turned it off: the code of the bank, for example authentication_required.' })
  disabledReason!: string | null;

  @Field(() => SavedCard, { nullable: true })
  card!: SavedCard | null;
}

@InputType()
export class AutoTopUpInput {
  @Field(() => Boolean, { description: 'True needs a saved card.' })
  enabled!: boolean;

  @Field(() => String, { description: 'Decimal string of USD, whole cents, at most amountUsd.' })
  thresholdUsd!: string;

  @Field(() => String, { description: 'From "5" to "10000".' })
  amountUsd!: string;

  @Field(() => String, { description: 'From amountUsd to "100000".' })
  monthlyCapUsd!: string;
}

@InputType()
export class SaveCardInput {
  @Field(() => String, { nullable: true })
  successUrl?: string | null;

  @Field(() => String, { nullable: true })
  cancelUrl?: string | null;
}

@ObjectType({ description: 'A page on which a card is saved; `autoTopUp.card` shows it a moment later.' })
export class CardSetup {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  url!: string;
}

@Resolver()
export class AutoTopUpResolver {
  @Authorized('billing:read')
  @Query(() => AutoTopUp)
  autoTopUp(@Ctx() context: RequestContext): Promise<AutoTopUp> {
    return readAutoTopUp(context);
  }

  @Authorized('billing:write')
  @Mutation(() => AutoTopUp)
  async setAutoTopUp(@Ctx() context: RequestContext, @Arg('input', () => AutoTopUpInput) input: AutoTopUpInput): Promise<AutoTopUp> {
    await setAutoTopUp(context.pool, requireActor(context), input);
    return await readAutoTopUp(context);
  }

  @Authorized('billing:write')
  @Mutation(() => CardSetup, { description: 'Replaces the card that is saved, once the page was gone through.' })
  saveCard(@Ctx() context: RequestContext, @Arg('input', () => SaveCardInput) input: SaveCardInput): Promise<CardSetup> {
    const { successUrl = null, cancelUrl = null } = input;
    return beginCardSetup(context.pool, context.services.payments, requireActor(context), { successUrl, cancelUrl });
  }

  @Authorized('billing:write')
  @Mutation(() => AutoTopUp, { description: 'Automatic top-ups end with it.' })
  async removeSavedCard(@Ctx() context: RequestContext): Promise<AutoTopUp> {
    await removeSavedCard(context.pool, context.services.payments, requireActor(context));
    return await readAutoTopUp(context);
  }
}

async function readAutoTopUp(context: RequestContext): Promise<AutoTopUp> {
  const { accountId } = requireActor(context);
  const { pool } = context;
  const [state, card, charged] = await Promise.all([
    findAutoTopUp(pool, accountId),
    findSavedCard(pool, accountId),
    sumAutoTopUps(pool, accountId),
  ]);
  return {
    enabled: state?.enabled ?? false,
    thresholdUsd: state && formatUsd(state.threshold),
    amountUsd: state && formatUsd(state.amount),
    monthlyCapUsd: state && formatUsd(state.monthlyCap),
    chargedThisMonthUsd: formatUsd(charged),
    failures: state?.failures ?? 0,
    retryAt: state?.retryAt ?? null,
    disabledReason: state?.disabledReason ?? null,
    card,
  };
}
