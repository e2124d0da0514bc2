import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { findPage, NAME_PATTERN, type Page } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { VendorCredentialInput, VendorInput } from './catalog.shapes.js';
import { describeRest, restsOf, wakeVendorCredential } from './credential-rests.js';
import { addVendorCredential, changeVendorCredential, saveVendor } from './save-vendor.js';
import { Vendor, VendorCredential } from './vendor.entity.js';

const VendorConnection = connectionOf('Vendor', Vendor);

@Resolver(() => Vendor)
export class VendorResolver {
  @Authorized('operator')
  @Query(() => VendorConnection)
  vendors(@Ctx() context: RequestContext, @Args(() => PageArguments) page: PageArguments): Promise<Page<Vendor>> {
    return findPage(context.em, Vendor, {}, page, { key: 'id', direction: 'asc', pattern: NAME_PATTERN });
  }

  @Authorized('operator')
  @Query(() => Vendor, { nullable: true })
  vendor(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<Vendor | null> {
    return context.em.findOne(Vendor, { id });
  }

  @Authorized('operator')
  @Mutation(() => Vendor)
  saveVendor(@Ctx() context: RequestContext, @Arg('input', () => VendorInput) input: VendorInput): Promise<Vendor> {
    return saveVendor(context.em, context.services.kms, requireActor(context), input);
  }

  @Authorized('operator')
  @Mutation(() => VendorCredential)
  addVendorCredential(
    @Ctx() context: RequestContext,
    @Arg('input', () => VendorCredentialInput) input: VendorCredentialInput,
  ): Promise<VendorCredential> {
    return addVendorCredential(context.em, context.services.kms, requireActor(context), input);
  }

  @Authorized('operator')
  @Mutation(() => VendorCredential)
  updateVendorCredential(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('enabled', () => Boolean, { nullable: true }) enabled: boolean | null,
    @Arg('weight', () => Int, { nullable: true }) weight: number | null,
    @Arg('label', () => String, { nullable: true }) label: string | null,
  ): Promise<VendorCredential> {
    return changeVendorCredential(context.em, requireActor(context), id, { enabled, weight, label });
  }

  @Authorized('operator')
  @Mutation(() => Boolean)
  async deleteVendorCredential(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    await changeVendorCredential(context.em, requireActor(context), id, { deleted: true });
    return true;
  }

  @Authorized('operator')
  @Mutation(() => VendorCredential, { description: 'Ends its rest on every node: within a second it is drawn again.' })
  wakeVendorCredential(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<VendorCredential> {
    return wakeVendorCredential(context.em, requireActor(context), id);
  }

  @FieldResolver(() => [VendorCredential])
  async credentials(@Ctx() context: RequestContext, @Root() vendor: Vendor): Promise<VendorCredential[]> {
    return (await context.load.credentials(vendor.id)) ?? [];
  }
}

@Resolver(() => VendorCredential)
export class VendorCredentialResolver {
  @FieldResolver(() => Date, {
    nullable: true,
    description:
      'The vendor refused it lately: until then it is not drawn, then one request tries it. Null while it is used. Past: tried with the next request.',
  })
  restingUntil(@Ctx() context: RequestContext, @Root() credential: VendorCredential): Date | null {
    const [longest] = restsOf(context.services.fleet, credential);
    return longest ? new Date(longest.untilMs) : null;
  }

  @FieldResolver(() => String, { nullable: true, description: 'Why it rests, for people.' })
  restReason(@Ctx() context: RequestContext, @Root() credential: VendorCredential): string | null {
    const [longest] = restsOf(context.services.fleet, credential);
    return longest ? describeRest(longest) : null;
  }

  @FieldResolver(() => [String], { description: 'Nodes that let it rest because of what they saw.' })
  restingNodes(@Ctx() context: RequestContext, @Root() credential: VendorCredential): string[] {
    return restsOf(context.services.fleet, credential).map((rest) => rest.nodeId);
  }
}
