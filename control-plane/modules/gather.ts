/** Turns many look-ups of one turn of the event loop into one: how lists are answered without a query a row. */

/** One per request: nothing is kept. `read` gets each key once and returns what it found. */
export function gather<Value>(read: (keys: string[]) => Promise<ReadonlyMap<string, Value>>): (key: string) => Promise<Value | undefined> {
  let batch: { readonly keys: Set<string>; readonly found: Promise<ReadonlyMap<string, Value>> } | undefined;
  return async (key) => {
    batch ??= start();
    batch.keys.add(key);
    return (await batch.found).get(key);
  };

  function start() {
    const keys = new Set<string>();
    const found = new Promise<void>(setImmediate).then(() => {
      batch = undefined;
      return read([...keys]);
    });
    return { keys, found };
  }
}
