/** The names of an answer's members as REST writes them: `cacheWrite5m` is `cache_write_5m`. */
export function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [snakeCase(name), snakeCased(member)]));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]|(?<=[a-z])[0-9]/g, (character) => `_${character.toLowerCase()}`);
}
