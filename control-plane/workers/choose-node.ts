import type { Fleet } from '../modules/fleet/fleet.js';

/** A node with so many open requests has interactive work to do. */
const BUSY_REQUESTS = 400;
/** Reports are a second old: nodes within this of the best are as good. */
const ALIKE_REQUESTS = 64;

/** Where one of the live nodes with fewest open requests is reached; undefined while all are busy with interactive work. */
export function chooseNode(fleet: Fleet): string | undefined {
  const ready = fleet.live().filter((node) => node.ready && !node.draining && node.openRequests < BUSY_REQUESTS);
  const fewest = Math.min(...ready.map((node) => node.openRequests));
  const best = ready.filter((node) => node.openRequests <= fewest + ALIKE_REQUESTS);
  return best[Math.floor(Math.random() * best.length)]?.url;
}
