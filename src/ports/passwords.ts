/** Slow hashing of passwords. At most one at a time in an isolate, with a bounded queue behind it. */
export interface Passwords {
  /** The PHC string of a new hash with the current parameters. Throws `Busy`. */
  hash(password: string): Promise<string>;
  /**
   * Whether `password` is what `phc` was made of. With `phc` null a hash of the same cost is computed all the same, so that
   * an account that does not exist takes the time of one that does; about the time of one whose hash was made with weaker
   * parameters than today's, which is `outdated`. One that was dearer to make takes longer. Throws `Busy`.
   */
  verify(password: string, phc: string | null): Promise<{ readonly matches: boolean; readonly outdated: boolean }>;
}
