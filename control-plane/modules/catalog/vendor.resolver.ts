import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { findPage, NAME_PATTERN, type Page } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { VendorCredentialInput, VendorInput } from './catalog.shapes.js';
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

  @FieldResolver(() => [VendorCredential])
  credentials(@Ctx() context: RequestContext, @Root() vendor: Vendor): Promise<VendorCredential[]> {
    return context.em.find(VendorCredential, { vendorId: vendor.id, deletedAt: null }, { orderBy: { id: 'asc' } });
  }
}
