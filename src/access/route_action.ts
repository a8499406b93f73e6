import type { ActionPolicy } from "../policy/action_policy.ts";
import type { ActionRef, KnownRelations, RelationCheck, SubjectFacts } from "../policy/decision_facts.ts";
import type { ResourceReading } from "../policy/resource_reading.ts";
import type { RelationCall } from "../ports/relation_facts.ts";
import type { ExternalSay } from "./external_say.ts";
import type { MetadataCache } from "./metadata_cache.ts";

/** What calls of a route ask to do, and to what: made ready once. */
export interface RouteAction {
  readonly action: ActionRef;
  readonly policy: ActionPolicy;
  /** Whether anybody asks what the caller's roles permit. */
  readonly asksPermissions: boolean;
  /** Null where the action is about no single resource. */
  readonly resource: ResourceReading | null;
  /** Null where no origin is asked about the resource. */
  readonly metadata: RouteMetadata | null;
  /** The rules that can deny before the origin is asked, for they name no resource; null where there are none. */
  readonly early: ActionPolicy | null;
  /** Who has a say beside the policy; null for nobody. */
  readonly external: ExternalSay | null;
  /** Null where no rule asks for relations. */
  readonly relations: RelationsOfCall | null;
  /** Arrays and objects within each other in a body that the decision waits for; null where it waits for none. */
  readonly bodyDepth: number | null;
  /** Whether a refusal by rules looks like a path that is not there. */
  readonly hidesResources: boolean;
}

/** Whether a part of the decision waits for the body. */
export function decidesByBody(action: RouteAction | null): boolean {
  return action !== null && action.bodyDepth !== null;
}

export interface RouteMetadata {
  readonly cache: Pick<MetadataCache, "known" | "fetch">;
  /** Whether a call is decided on without attributes where the origin cannot be asked: rules that name one fail then. */
  readonly goesOnWithout: boolean;
}

/** The relations that one call may ask about. */
export type RelationsOfCall = (principal: SubjectFacts, call: RelationCall) => FetchedRelations;

export interface FetchedRelations extends KnownRelations {
  /**
   * Fetches the answers to `checks`: `known` has them from here on. `unreached` where the call demands what the store has not seen. Throws
   * `Outage`.
   */
  resolve(checks: readonly RelationCheck[]): Promise<"known" | "unreached">;
}
