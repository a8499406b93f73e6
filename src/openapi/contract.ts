import type { FieldGrants } from "../policy/field_grants.ts";
import type { ResourceReading } from "../policy/resource_reading.ts";
import type { Operation } from "./operation.ts";
import type { Replacing } from "./unwritable.ts";

/** The resources that calls are about: their type, and where their ids stand. */
export interface ContractResource {
  readonly type: string;
  readonly reading: ResourceReading;
}

/** What decides on the fields of an operation. */
export interface ContractFields {
  readonly namesPermissions: boolean;
  /** Whom those are for that are not for everybody. */
  readonly grants: readonly FieldGrants[];
  /** What calls are about; null for nothing that relations could be to. */
  readonly resource: ContractResource | null;
  /** Who sees what not everybody sees of the resource, by this operation or by a GET of the same path. */
  readonly conceals: readonly FieldGrants[];
}

/** What a route holds the requests of one method to, and its origin's responses. */
export interface Contract {
  readonly operation: Operation;
  /** Whether a read of the same path hides something from everybody: what is said of it as a whole, such as its `ETag`, would tell of that. */
  readonly hidesWhenRead: boolean;
  /** What of it is not for all callers; null where all of it is. */
  readonly fields: ContractFields | null;
  /** Where in the path each of its parameters stands, counted in segments from 0. */
  readonly pathIndexes: ReadonlyMap<string, number>;
  /** What becomes of query parameters that the operation does not have. */
  readonly unknownQuery: "refuse" | "pass";
  /** Whether a response that does not fit is held back, or only told of. */
  readonly responses: "enforce" | "report";
  readonly maxResponseBytes: number;
  /** What becomes of members of a body that their sender may not write. */
  readonly unwritable: "refuse" | "drop";
  /** What the origin does with members that a PUT leaves out. */
  readonly leftOut: "deleted" | "kept";
  /** How bodies of the method change what stood there before. */
  readonly replacing: Replacing;
  /** How many steps into a body its resources stand: what is around them is stored nowhere, and replaces nothing. */
  readonly resourceDepth: number;
  /** Arrays and objects within each other, in bodies both ways. */
  readonly maxDepth: number;
}
