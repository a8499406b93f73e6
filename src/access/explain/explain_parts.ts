import type { ActionPolicy } from "../../policy/action_policy.ts";
import type { AttributeType } from "../../policy/attribute_type.ts";
import type { RelationSchema } from "../../policy/relations/relation_schema.ts";
import type { TupleReader } from "../../policy/relations/tuple_reader.ts";
import type { RoleBook } from "../../policy/role_book.ts";
import type { RouteTable } from "../../policy/route_table.ts";
import type { ExplainedRoute } from "../../ports/explaining.ts";
import type { GateRoute, RightsRoute } from "../gate.ts";
import type { CallerReading } from "./asked_caller.ts";

/** A route as far as it decides, and is told of. */
export interface ExplainableRoute extends RightsRoute, Pick<GateRoute, "deprecation" | "isPublic"> {
  readonly told: ExplainedRoute;
  /** Whether something stands in the way of its calls that is not explained: lists, limits, a contract. */
  readonly hasMore: boolean;
}

/** One configuration as decisions by it are explained. */
export interface ExplainParts extends CallerReading {
  /** Its hash. */
  readonly snapshot: string;
  readonly routes: RouteTable<ExplainableRoute>;
  readonly actions: ReadonlyMap<string, ActionPolicy>;
  /** What each type of resources declares. */
  readonly resources: Readonly<Record<string, ExplainableType>>;
  /** What roles may do, as of now. */
  readonly book: RoleBook;
  /** Null where the configuration has none. */
  readonly relations: { readonly schema: RelationSchema; readonly tuples: TupleReader } | null;
}

export interface ExplainableType {
  readonly attributes: Readonly<Record<string, AttributeType>>;
}
