/** Says in one sentence what is wrong with a value, and where: the sentence and the `param` of a 400. */
import type { TSchema } from 'typebox';
import { Errors } from 'typebox/value';

export interface Mismatch {
  readonly param: string | undefined;
  readonly message: string;
}

/** A member's name can be the client's own text (`logit_bias`): it is echoed, but not at any length. */
const MAX_PARAM_LENGTH = 200;

/** Undefined when the value fits. `path` is where the value stands in the body. */
export function describeMismatch(schema: TSchema, value: unknown, path: string): Mismatch | undefined {
  if (value === undefined) return { param: path, message: `Missing required parameter: '${path}'.` };
  const errors = meantErrors(Errors(schema, value));
  const [first] = errors;
  if (!first) return undefined;
  // Of the alternatives of a union, the one that fits furthest in is the one that was meant.
  const deepest = errors.reduce((best, error) => (depth(error.instancePath) > depth(best.instancePath) ? error : best), first);
  const param = (path + pathOf(deepest.instancePath)).slice(0, MAX_PARAM_LENGTH);
  const here = errors.filter((error) => error.instancePath === deepest.instancePath);
  for (const error of here) {
    if (error.keyword !== 'required') continue;
    const missing = `${param}.${error.params.requiredProperties[0] ?? ''}`;
    return { param: missing, message: `Missing required parameter: '${missing}'.` };
  }
  return { param, message: `Invalid '${param}': ${requirement(here)}.` };
}

type MismatchErrors = ReturnType<typeof Errors>;

/** Without the alternatives that were not meant: null, and those whose `type` is another, as long as one is left. */
function meantErrors(all: MismatchErrors): MismatchErrors {
  const errors = all.filter((error) => error.keyword !== 'anyOf' && !(error.keyword === 'type' && error.params.type === 'null'));
  const otherBranches = errors.flatMap((error) => (error.keyword === 'const' ? [branchOf(error.schemaPath)] : []));
  const meant = errors.filter((error) => !otherBranches.includes(branchOf(error.schemaPath)));
  return meant.length > 0 && meant.some((error) => error.keyword !== 'type') ? meant : errors;
}

function branchOf(schemaPath: string): string {
  return /^.*\/anyOf\/\d+/.exec(schemaPath)?.[0] ?? schemaPath;
}

function requirement(errors: MismatchErrors): string {
  const bounds = errors.filter((error) => error.keyword !== 'type' && error.keyword !== 'const');
  const [bound] = bounds;
  if (bound) return bound.keyword === 'pattern' ? 'must be a decimal number' : bound.message;
  const choices = errors.flatMap((error) => (error.keyword === 'const' ? [JSON.stringify(error.params.allowedValue)] : []));
  const types = errors.flatMap((error) => (error.keyword === 'type' ? error.params.type : []));
  if (choices.length > 0) return `must be one of ${[...new Set(choices)].join(', ')}`;
  return `must be ${[...new Set(types)].map((type) => `${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`).join(' or ')}`;
}

function depth(pointer: string): number {
  return pointer.split('/').length;
}

/** `/0/content` is `[0].content`. */
function pathOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`))
    .join('');
}
