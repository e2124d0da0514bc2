/** Which vendor's row reads which folder of recordings, and under what name the usage oracle knows it. */
import { VENDORS } from '../../control-plane/modules/catalog/data/vendors.js';
import type { VendorQuirks } from '../../shared/snapshot.js';

export interface RecordedVendor {
  readonly folder: string;
  readonly quirks: VendorQuirks;
}

const ROW_OF_FOLDER: Readonly<Record<string, string>> = { qwen: 'alibaba', moonshot: 'moonshotai' };

/** Folders of OpenAI-speaking vendors; those without a row of ours are read without quirks, as any OpenAI-compatible server is. */
export const RECORDED_VENDORS: readonly RecordedVendor[] =
  'openai azure deepseek qwen zai moonshot mistral xai groq cerebras perplexity openrouter huggingface avian vercel-gateway'
    .split(' ')
    .map((folder) => ({
      folder,
      quirks: VENDORS.find((vendor) => vendor.id === (ROW_OF_FOLDER[folder] ?? folder))?.quirks ?? {},
    }));
