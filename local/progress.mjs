/** Says what takes long, on one line each: `  compiling ... 2.1 s`. A step under a second says nothing. Any Node from 20 on. */
const SILENT_MS = 1_000;

/** Returns `announce(step)`, which ends the step before, and `done()`, which ends the last. */
export function openProgress(stream = process.stderr) {
  let current;
  const done = () => {
    if (current === undefined) return;
    clearTimeout(current.timer);
    if (current.shown) stream.write(` ${((Date.now() - current.begun) / 1000).toFixed(1)} s\n`);
    current = undefined;
  };
  const announce = (step) => {
    done();
    const begun = Date.now();
    const mine = { begun, shown: false, timer: undefined };
    mine.timer = setTimeout(() => {
      mine.shown = true;
      stream.write(`  ${step} ...`);
    }, SILENT_MS);
    current = mine;
  };
  return { announce, done };
}
