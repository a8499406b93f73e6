import type { ConfigFault } from "../config/fault.ts";
import type { RandomBytes } from "../kernel/random.ts";
import type { ApiKeyRegistry } from "../ports/api_keys.ts";
import type { ClientRegistry } from "../ports/clients.ts";
import type { Revocations } from "../ports/edge_feed.ts";
import type { KeyRing } from "../ports/key_ring.ts";
import type { OutboxCourier } from "../ports/outbox.ts";
import type { DeclaredAttributes } from "../protocol/attribute_values.ts";
import type { TargetCatalog } from "../protocol/token_target.ts";

/**
 * Managing owns what operators change: clients and their secrets, API keys, the rotation of signing keys; and who counts
 * as an operator. It refuses to know HTTP, JSON names and where anything is stored. A change of what
 * gates hold copies of goes through `commitChange`, so that none can forget the edge feed. Two do not: `createClient`,
 * since nobody can hold a copy of what is new, and the signing keys, whose ring tells the feed itself.
 */
export interface Management {
  readonly catalog: TargetCatalog;
  /** What may be known of principals. */
  readonly attributes: DeclaredAttributes;
  readonly clients: ClientRegistry;
  readonly keys: ApiKeyRegistry;
  readonly courier: OutboxCourier;
  readonly ring: KeyRing;
  readonly revocations: Revocations;
  readonly random: RandomBytes;
}

/** What is wrong with one field. `field` is the public, dotted name (`scopes.2`); `reason` completes "the field ...". */
export interface FieldFault {
  readonly field: string;
  readonly reason: string;
}

/** Why an operator's request is refused: stable codes of the admin API. */
export type ManagingFault =
  | { readonly code: "not_found" }
  /** Somebody else changed the object between our read and our write; nothing was changed here. */
  | { readonly code: "conflict" }
  | { readonly code: "too_many_secrets" }
  | { readonly code: "public_client" }
  /** Two strings of the key are live already; a third would end the one that is in use. */
  | { readonly code: "rotation_in_progress" }
  /** What a change of relations was to hold for does not: nothing was changed. */
  | { readonly code: "precondition_failed" }
  /** Somebody has the role, or another role inherits from it. */
  | { readonly code: "role_in_use" }
  /** A configuration that would not run here, with everything that is wrong with it. */
  | { readonly code: "config_invalid"; readonly faults: readonly ConfigFault[] }
  | { readonly code: "validation_failed"; readonly errors: readonly FieldFault[] };

/**
 * How far a change has come: `announced` at every gate within the feed's bound, `pending` (stored, and the feed is
 * still being told), or `unchanged` because there was nothing to do.
 */
export type Progress = "announced" | "pending" | "unchanged";

/** An object after an operator's act. */
export interface Changed<T> {
  readonly value: T;
  readonly progress: Progress;
}

export const NOT_FOUND: ManagingFault = { code: "not_found" };

/** The refusal of one or more fields. */
export function invalidFields(errors: readonly FieldFault[]): ManagingFault {
  return { code: "validation_failed", errors };
}
