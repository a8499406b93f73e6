/**
 * What `use` makes of `value`: at once where it is there, later where it is a promise of it. A function that nearly always has what it needs in memory makes
 * no promise then, and costs its caller no turn of the event loop. What `use` throws is thrown, or rejects.
 */
export function onceThere<T, R>(value: T | Promise<T>, use: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}
