/** Tokens that say where a search goes on: opaque to whoever holds one, and good for the one search of the one caller. */
export interface PageTokens {
  /** A token for `place`, that opens for `search` alone: everything that has to stay the same, as one text. */
  seal(place: SearchPlace, search: string): Promise<string>;
  /** What `token` says; null for one that is of another search, forged, or over. */
  open(token: string, search: string, nowMs: number): Promise<SearchPlace | null>;
}

export interface SearchPlace {
  /** The candidate that was looked at last; null for none yet. */
  readonly after: string | null;
  /** Results in an answer. */
  readonly limit: number;
  /** When it was given, Unix milliseconds. */
  readonly atMs: number;
}
