import { platformRandom } from "../../src/kernel/random.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { newUserId } from "../../src/protocol/ids.ts";

/** A user as nobody has stored it yet, with an address that nobody else has. */
export function someUser(wishes: Partial<UserRecord> = {}): UserRecord {
  return {
    id: newUserId(platformRandom),
    email: `${crypto.randomUUID()}@example.com`,
    emailVerified: false,
    passwordHash: null,
    profile: {},
    roles: [],
    assignments: [],
    attributes: {},
    disabled: false,
    version: 1,
    createdAtMs: 1_700_000_000_000,
    updatedAtMs: 1_700_000_000_000,
    ...wishes,
  };
}
