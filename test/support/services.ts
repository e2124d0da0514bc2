/** Asks the run's main process for a service (`global-setup.ts`). Started at the first question, then the same for all. */
import { inject } from 'vitest';
import type { ServiceAnswers } from './test-services.js';

export async function askService<Name extends keyof ServiceAnswers>(name: Name): Promise<ServiceAnswers[Name]> {
  const response = await fetch(`${inject('servicesUrl')}/${name}`);
  const body = await response.json();
  if (!response.ok) throw new Error(`test service ${name}: ${(body as { message: string }).message}`);
  return body as ServiceAnswers[Name];
}
