import type { Operation } from "./operation.ts";

/** What a route holds the requests of one method to, and its origin's responses. */
export interface Contract {
  readonly operation: Operation;
  /** Whether a read of the same path hides anything: what is said of it as a whole, such as its `ETag`, would tell of that. */
  readonly hidesWhenRead: boolean;
  /** Where in the path each of its parameters stands, counted in segments from 0. */
  readonly pathIndexes: ReadonlyMap<string, number>;
  /** What becomes of query parameters that the operation does not have. */
  readonly unknownQuery: "refuse" | "pass";
  /** Whether a response that does not fit is held back, or only told of. */
  readonly responses: "enforce" | "report";
  readonly maxResponseBytes: number;
  /** Arrays and objects within each other, in bodies both ways. */
  readonly maxDepth: number;
}
