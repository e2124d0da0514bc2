/** One of those that pass, each as likely as its weight against the others'; undefined when none passes. `random`: 0 to below 1. */
export function drawByWeight<Item extends { readonly weight: number }>(
  items: readonly Item[],
  passes: (item: Item) => boolean,
  random: () => number,
): Item | undefined {
  const open = items.filter(passes);
  if (open.length <= 1) return open[0];
  let point = random() * open.reduce((total, item) => total + item.weight, 0);
  for (const item of open) {
    point -= item.weight;
    if (point < 0) return item;
  }
  return open[0];
}
