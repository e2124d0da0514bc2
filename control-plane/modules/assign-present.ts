import { GatewayError } from '../../shared/errors.js';

/**
 * Writes the members of `input` that are there onto `target`: undefined keeps what was, null too unless `nullable` names the member.
 * Inputs are classes of GraphQL's schema, so nothing but their declared fields can arrive; `except` are those handled elsewhere.
 */
export function assignPresent<T extends object>(
  target: T,
  input: object,
  options: { readonly nullable?: readonly string[]; readonly except?: readonly string[] } = {},
): void {
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || options.except?.includes(name)) continue;
    if (value === null && !options.nullable?.includes(name)) continue;
    Object.assign(target, { [name]: value });
  }
}

/** For a new row: throws `invalid_request` naming the first member that is still missing. */
export function requireMembers<T extends object>(row: T, members: readonly (keyof T & string)[]): void {
  for (const member of members)
    if (row[member] === undefined || row[member] === null)
      throw new GatewayError('invalid_request', `${member} is required for a new one.`, { param: member });
}

export function requireOneOf(param: string, value: unknown, choices: readonly string[]): void {
  if (typeof value !== 'string' || !choices.includes(value))
    throw new GatewayError('invalid_request', `${param} must be one of ${choices.join(', ')}.`, { param });
}
