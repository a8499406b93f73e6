import { FollowedRoles } from "../adapters/followed_roles.ts";
import { kvConfigCopies } from "../adapters/kv_config_copies.ts";
import { provenRoleBook } from "../adapters/proven_role_book.ts";
import { type Bindings, need } from "../bindings.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { logEvent, logFault } from "../http/log.ts";
import { faultText } from "../kernel/fault_text.ts";
import type { RoleManagement } from "../managing/roles.ts";
import type { ConfigCopies } from "../ports/config_versions.ts";
import type { FeedFollower } from "../ports/edge_feed.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";
import type { DeclaredAttributes } from "../protocol/attribute_values.ts";
import { MAX_BOOK_BYTES } from "../protocol/role_book.ts";
import { issuerStores } from "./stores.ts";

/*
 * The wiring of roles: how an isolate follows the book of them, and how operators change it.
 */

/** What may be known of principals. */
export function declaredAttributes({ policy }: CompiledConfig): DeclaredAttributes {
  return policy?.principal ?? {};
}

/** The role book of this isolate. */
export function followedRoles(bindings: Bindings, feed: FeedFollower, reader: IssuerReader): FollowedRoles {
  const copies = roleBookCopies(bindings);
  const refused = (hash: string, error: unknown) =>
    logFault("role_book_copy_refused", { hash, error: faultText(error) });
  return new FollowedRoles({
    feed,
    load: (pointer) => provenRoleBook(pointer, copies, { current: () => reader.roleBook() }, refused),
    runs: (version) => logEvent("role_book_runs", { version }),
    failed: (wanted, held, error) =>
      logFault("role_book_not_loaded", { version: wanted, held, error: faultText(error) }),
  });
}

/** What operators need to change roles. */
export function composeRoleManagement(bindings: Bindings, feed: FeedFollower): Pick<RoleManagement, "roles" | "books"> {
  return {
    roles: issuerStores(bindings).roles,
    books: {
      copies: roleBookCopies(bindings),
      copyLost: (hash, error) => logFault("role_book_copy_not_written", { hash, error: faultText(error) }),
      told: () => feed.roles,
    },
  };
}

/** Where copies of role books are: beside those of API keys. */
export function roleBookCopies(bindings: Bindings): ConfigCopies {
  return kvConfigCopies(() => need(bindings, "API_KEYS"), "roles", MAX_BOOK_BYTES);
}
