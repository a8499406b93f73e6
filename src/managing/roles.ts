import { sha256Hex, utf8 } from "../kernel/bytes.ts";
import { canonicalJson } from "../kernel/canonical_json.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { closeRoles } from "../policy/role_graph.ts";
import type { NextBook, Role, RoleCatalogue, RoleRegistry } from "../ports/roles.ts";
import { type RolesPointer, rolesEntry } from "../protocol/edge_feed.ts";
import { MAX_BOOK_BYTES, type WrittenRoleBook } from "../protocol/role_book.ts";
import { commitValue } from "./commit_change.ts";
import {
  type Changed,
  type FieldFault,
  invalidFields,
  type Management,
  type ManagingFault,
  NOT_FOUND,
} from "./management.ts";
import { applyPatch, type Patch } from "./patch.ts";
import { BOOK_TOO_LARGE, graphFault, MOST_ROLES, TOO_MANY_ROLES } from "./role_rules.ts";
import { type CopyWriting, writeCopy } from "./write_copy.ts";

/** What changing roles rests on. */
export interface RoleManagement extends Pick<Management, "courier" | "revocations"> {
  readonly roles: RoleRegistry;
  readonly books: CopyWriting & {
    /** The newest book of which the feed has told this isolate. */
    readonly told: () => RolesPointer;
  };
}

/** What an operator decides of a role. */
export type RoleDraft = Pick<Role, "description" | "permissions" | "inherits">;

/** Somebody else's change of another role is no reason to refuse this one: so often it is made anew on what there is then. */
const TRIES = 4;

type Outcome = Promise<Result<Changed<Role>, ManagingFault>>;

/** Defines the role `id`, which must be new. Whoever was assigned the name before has the role from now on. Throws `Outage`. */
export function createRole(id: string, draft: RoleDraft, management: RoleManagement, nowMs: number): Outcome {
  return put(id, management, nowMs, (before) =>
    before === null ? ok(draft) : err(invalidFields([{ field: "id", reason: "is taken" }])),
  );
}

/** Changes a role. `version` is the one that the operator has seen: another one is a conflict; null takes any. Throws `Outage`. */
export function changeRole(
  id: string,
  patch: Patch<RoleDraft>,
  version: number | null,
  management: RoleManagement,
  nowMs: number,
): Outcome {
  return put(id, management, nowMs, (before) => {
    if (before === null) return err(NOT_FOUND);
    if (version !== null && version !== before.version) return err({ code: "conflict" });
    return ok({ ...before, ...applyPatch<RoleDraft>(before, patch) });
  });
}

/** Deletes a role that nobody has and no role inherits from. Throws `Outage`. */
export async function deleteRole(
  id: string,
  version: number | null,
  management: RoleManagement,
  nowMs: number,
): Promise<Result<Changed<null>, ManagingFault>> {
  for (let tries = 1; ; tries++) {
    const catalogue = await management.roles.catalogue();
    const role = catalogue.roles.find((held) => held.id === id);
    if (role === undefined) return err(NOT_FOUND);
    if (version !== null && version !== role.version) return err({ code: "conflict" });
    const rest = catalogue.roles.filter((held) => held !== role);
    if (rest.some(({ inherits }) => inherits.includes(id))) return err({ code: "role_in_use" });
    const book = await nextBook(rest, catalogue, management, nowMs);
    if (!book.ok) return err(invalidFields([book.error]));
    let isInUse = false;
    await writeCopy(management.books, book.value.hash, book.value.text);
    const committed = await commitValue(management, null, async () => {
      const done = await management.roles.delete(role, book.value, [rolesEntry(book.value)]);
      if (done !== "in_use") return done;
      isInUse = true;
      return "conflict";
    });
    if (isInUse) return err({ code: "role_in_use" });
    if (committed.ok || tries === TRIES) return committed;
  }
}

async function put(
  id: string,
  management: RoleManagement,
  nowMs: number,
  draftOf: (before: Role | null) => Result<RoleDraft, ManagingFault>,
): Outcome {
  for (let tries = 1; ; tries++) {
    const catalogue = await management.roles.catalogue();
    const before = catalogue.roles.find((held) => held.id === id) ?? null;
    const draft = draftOf(before);
    if (!draft.ok) return draft;
    if (before !== null && applyPatch<RoleDraft>(before, draft.value) === null) {
      return ok({ value: before, progress: "unchanged" });
    }
    const { description, permissions, inherits } = draft.value;
    const times = {
      version: (before?.version ?? 0) + 1,
      createdAtMs: before?.createdAtMs ?? nowMs,
      updatedAtMs: nowMs,
    };
    const after: Role = { id, description, permissions, inherits, ...times };
    const others = catalogue.roles.filter((held) => held !== before);
    if (others.length >= MOST_ROLES) return err(invalidFields([TOO_MANY_ROLES]));
    const book = await nextBook([...others, after], catalogue, management, nowMs, after);
    if (!book.ok) return err(invalidFields([book.error]));
    await writeCopy(management.books, book.value.hash, book.value.text);
    const committed = await commitValue(management, after, () =>
      management.roles.put(before, after, book.value, [rolesEntry(book.value)]),
    );
    if (committed.ok || tries === TRIES) return committed;
  }
}

async function nextBook(
  roles: readonly Role[],
  { bookVersion }: RoleCatalogue,
  { books }: RoleManagement,
  nowMs: number,
  changed: Role | null = null,
): Promise<Result<NextBook, FieldFault>> {
  const closed = closeRoles([...roles].sort((a, b) => (a.id < b.id ? -1 : 1)));
  if (!closed.ok) {
    if (changed === null) throw new Error("the catalogue of roles is no book");
    return err(graphFault(closed.error, changed));
  }
  const written: WrittenRoleBook = { v: 1, roles: closed.value };
  const text = canonicalJson(written);
  if (utf8(text).byteLength > MAX_BOOK_BYTES) return err(BOOK_TOO_LARGE);
  // A store that was set back does not set gates back: they have seen what the feed told.
  const version = Math.max(bookVersion, books.told().version) + 1;
  return ok({ version, parent: bookVersion, hash: await sha256Hex(text), text, createdAtMs: nowMs });
}
