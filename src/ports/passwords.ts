/** Slow hashing of passwords. At most one at a time in an isolate, with a bounded queue behind it. */
export interface Passwords {
  /** The PHC string of a new hash with the current parameters. Throws `Busy`. */
  hash(password: string): Promise<string>;
  /**
   * Whether `password` is what `phc` was made of. With `phc` null a hash of the same cost is computed all the same, so that
   * an account that does not exist takes the time of one that does; also of one whose hash was cheaper to make than today's,
   * which `outdated` tells. Throws `Busy`.
   */
  verify(password: string, phc: string | null): Promise<{ readonly matches: boolean; readonly outdated: boolean }>;
}
