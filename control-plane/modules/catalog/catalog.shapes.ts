/** What the operator sends. A member that is absent keeps its value, or its default in a new row. */
import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import { JsonScalar } from '../fields.js';
import { UsdRates, UsdTier } from './rates.js';

@InputType()
export class VendorInput {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string | null;

  @Field(() => String, { nullable: true })
  protocol?: string | null;

  @Field(() => String, { nullable: true })
  baseUrl?: string | null;

  @Field(() => Boolean, { nullable: true })
  enabled?: boolean | null;

  @Field(() => [String], { nullable: true, description: 'null is all.' })
  regions?: string[] | null;

  @Field(() => Int, { nullable: true })
  connectMs?: number | null;

  @Field(() => Int, { nullable: true })
  firstTokenMs?: number | null;

  @Field(() => Int, { nullable: true })
  idleMs?: number | null;

  @Field(() => JsonScalar, { nullable: true })
  quirks?: unknown;

  @Field(() => Boolean, { nullable: true })
  byokBaseUrl?: boolean | null;

  @Field(() => Boolean, { nullable: true })
  trainsOnData?: boolean | null;
}

@InputType()
export class VendorCredentialInput {
  @Field(() => ID)
  vendorId!: string;

  @Field(() => String, { description: 'Sealed at once; can never be read again.' })
  secret!: string;

  @Field(() => String, { nullable: true })
  label?: string | null;

  @Field(() => Int, { nullable: true })
  weight?: number | null;
}

@InputType()
export class PriceInput {
  @Field(() => UsdRates)
  rates!: UsdRates;

  @Field(() => [UsdTier], { nullable: true })
  tiers?: UsdTier[] | null;

  @Field(() => Date, { nullable: true, description: 'Absent is now; a later moment schedules it.' })
  effectiveFrom?: Date | null;

  @Field(() => Boolean, { nullable: true, description: 'Must be true for a price of 0.' })
  free?: boolean | null;
}

@InputType()
export class ModelInput {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  name?: string | null;

  @Field(() => String, { nullable: true })
  description?: string | null;

  @Field(() => String, { nullable: true })
  ownedBy?: string | null;

  @Field(() => Date, { nullable: true })
  releasedAt?: Date | null;

  @Field(() => [String], { nullable: true })
  aliases?: string[] | null;

  @Field(() => Int, { nullable: true })
  contextTokens?: number | null;

  @Field(() => Int, { nullable: true })
  maxOutputTokens?: number | null;

  @Field(() => [String], { nullable: true })
  inputModalities?: string[] | null;

  @Field(() => [String], { nullable: true })
  outputModalities?: string[] | null;

  @Field(() => String, { nullable: true })
  tokenizer?: string | null;

  @Field(() => Int, { nullable: true })
  bytesPerTokenHundredths?: number | null;

  @Field(() => JsonScalar, { nullable: true })
  capabilities?: unknown;

  @Field(() => [String], { nullable: true })
  supportedParameters?: string[] | null;

  @Field(() => String, { nullable: true })
  tier?: string | null;

  @Field(() => Boolean, { nullable: true })
  deprecated?: boolean | null;

  @Field(() => Boolean, { nullable: true })
  enabled?: boolean | null;

  @Field(() => PriceInput, { nullable: true, description: 'A new model needs one, or it cannot be published.' })
  price?: PriceInput | null;
}

@InputType()
export class EndpointInput {
  @Field(() => ID)
  id!: string;

  @Field(() => ID, { nullable: true })
  modelId?: string | null;

  @Field(() => ID, { nullable: true })
  vendorId?: string | null;

  @Field(() => String, { nullable: true })
  upstreamModel?: string | null;

  @Field(() => Boolean, { nullable: true })
  enabled?: boolean | null;

  @Field(() => [String], { nullable: true })
  regions?: string[] | null;

  @Field(() => UsdRates, { nullable: true })
  cost?: UsdRates | null;

  @Field(() => Int, { nullable: true })
  contextTokens?: number | null;

  @Field(() => Int, { nullable: true })
  maxOutputTokens?: number | null;

  @Field(() => JsonScalar, { nullable: true })
  capabilities?: unknown;

  @Field(() => JsonScalar, { nullable: true })
  quirks?: unknown;
}

@InputType()
export class GatewaySettingsInput {
  @Field(() => String, { nullable: true })
  primaryHost?: string | null;

  @Field(() => String, { nullable: true })
  topUpUrl?: string | null;

  @Field(() => Int, { nullable: true })
  maxRevocationStalenessMs?: number | null;

  @Field(() => Int, { nullable: true })
  defaultRequestsPerMinute?: number | null;

  @Field(() => Int, { nullable: true })
  defaultTokensPerMinute?: number | null;

  @Field(() => String, { nullable: true })
  autoFloor?: string | null;

  @Field(() => Boolean, { nullable: true })
  probeIdleEndpoints?: boolean | null;
}

@ObjectType()
export class GatewaySettingsView {
  @Field(() => String)
  primaryHost!: string;

  @Field(() => String)
  topUpUrl!: string;

  @Field(() => Int)
  maxRevocationStalenessMs!: number;

  @Field(() => Int)
  defaultRequestsPerMinute!: number;

  @Field(() => Int)
  defaultTokensPerMinute!: number;

  @Field(() => String)
  autoFloor!: string;

  @Field(() => Boolean)
  probeIdleEndpoints!: boolean;
}

@ObjectType({ description: 'What the operator keeps of each dollar at one endpoint, by kind of token. Negative: sold below cost.' })
export class EndpointMargin {
  @Field(() => ID)
  endpointId!: string;

  @Field(() => ID)
  vendorId!: string;

  @Field(() => UsdRates)
  cost!: UsdRates;

  @Field(() => Float, { nullable: true, description: '0.25 is a quarter of the price. Null: the price is 0.' })
  input!: number | null;

  @Field(() => Float, { nullable: true })
  cacheRead!: number | null;

  @Field(() => Float, { nullable: true })
  output!: number | null;
}
