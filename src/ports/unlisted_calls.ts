/** Calls that no route lists, counted together by shape. */
export interface UnlistedCall {
  /** Nothing is at the path, or nothing for the method. */
  readonly kind: "path" | "method";
  /** `OTHER` for one that no route could list; `*` where there was no room to tell them apart. */
  readonly method: string;
  /** The path's shape: `:` for what is one thing's own; `*` where there was no room to tell them apart. */
  readonly path: string;
  readonly calls: number;
  /** Unix milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Where such calls are counted. Throws `Outage`. */
export interface UnlistedCallRecords {
  /** Adds `calls` to what is counted. Telling the same twice counts it twice. */
  note(calls: readonly UnlistedCall[]): Promise<void>;
}

/** What was counted. Throws `Outage`. */
export interface UnlistedCallList {
  /** Those called most often first. */
  list(limit: number): Promise<readonly UnlistedCall[]>;
}
