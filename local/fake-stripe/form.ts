/** Stripe's form encoding: `a[b][0][c]=1` is `{a: {b: [{c: '1'}]}}`. */

export type FormValue = string | { [name: string]: FormValue };

export function parseForm(body: string): Record<string, FormValue> {
  const root: Record<string, FormValue> = {};
  for (const [key, value] of new URLSearchParams(body)) {
    const path = [...key.matchAll(/[^[\]]+/g)].map((match) => match[0]);
    const last = path.pop();
    if (last === undefined) continue;
    let place = root;
    for (const name of path) {
      const next = place[name];
      const branch = typeof next === 'object' ? next : {};
      place[name] = branch;
      place = branch;
    }
    place[last] = value;
  }
  return root;
}

export function textAt(form: FormValue | undefined, ...path: string[]): string | undefined {
  let value = form;
  for (const name of path) value = typeof value === 'object' ? value[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** `a[0]=x&a[1]=y` as a list. */
export function listAt(form: FormValue | undefined, name: string): string[] {
  const value = typeof form === 'object' ? form[name] : undefined;
  if (typeof value !== 'object') return [];
  return Object.values(value).filter((item) => typeof item === 'string');
}

export function membersOf(form: FormValue | undefined, name: string): Record<string, string> {
  const value = typeof form === 'object' ? form[name] : undefined;
  if (typeof value !== 'object') return {};
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
