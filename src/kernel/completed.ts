/**
 * `make`'s value once it was made, and until then a making for each who asks. Requests share the value and never a promise: one that
 * failed would fail for ever, and one whose request was cut off would never settle.
 */
export function completed<T extends object>(make: () => Promise<T>): () => Promise<T> {
  let made: T | null = null;
  return async () => {
    made ??= await make();
    return made;
  };
}
