/** As many connections as a Worker has beside each other: so that none waits for its turn within its deadline. */
const AT_ONCE = 6;

/**
 * What `ask` tells of each of `items`, in their order: a few are asked beside each other. Those after a turn are not asked once `isEnough` of what was told,
 * and what was told is all there is then. Rejects as `ask` does, and begins no further turn.
 */
export async function inTurns<T, R>(
  items: readonly T[],
  ask: (item: T) => R | Promise<R>,
  isEnough: (told: readonly R[]) => boolean = () => false,
): Promise<readonly R[]> {
  const told: R[] = [];
  for (let from = 0; from < items.length && !isEnough(told); from += AT_ONCE) {
    told.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(ask))));
  }
  return told;
}
