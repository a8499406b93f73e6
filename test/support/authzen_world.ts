import { D1Relations } from "../../src/adapters/d1_relations.ts";
import { D1Users } from "../../src/adapters/d1_users.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { parseTuple } from "../../src/policy/relations/terms.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { type Installation, type InstallationWishes, install } from "./install.ts";
import { backstage } from "./issuer_world.ts";
import { storedKey } from "./keys.ts";
import { someUser } from "./users.ts";

/** Stores somebody who can be asked about. */
export async function storedUser(wishes: Partial<UserRecord> = {}): Promise<string> {
  const user = someUser(wishes);
  await new D1Users(backstage.db).insert(user, user.email);
  return user.id;
}

/** Writes tuples, as texts. */
export async function related(...texts: string[]): Promise<void> {
  const writes = texts.map((text) => {
    const tuple = parseTuple(text);
    if (tuple === null) throw new Error(text);
    return tuple;
  });
  await new D1Relations(backstage.db).change({ writes, deletes: [], preconditions: [], nowMs: Date.now() });
}

/** A caller of the API, and how it asks. */
export interface AuthzenCaller {
  readonly id: string;
  /** Posts `body`, JSON unless it is a text, to a path behind `/access/v1/`. */
  ask(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The body of a 200. */
  answer(path: string, body: unknown): Promise<unknown>;
}

/** A gate of its own with a caller that has the scope. */
export async function authzenWorld(
  config: ConfigInput,
  wishes: InstallationWishes = {},
): Promise<AuthzenCaller & { readonly gate: Installation }> {
  const gate = install({ config, ...wishes });
  return { gate, ...(await authzenCaller(gate)) };
}

export async function authzenCaller(gate: Installation, scopes = ["authz:evaluate"]): Promise<AuthzenCaller> {
  const { key, record } = await storedKey({ scopes });
  const ask: AuthzenCaller["ask"] = (path, body, headers = {}) =>
    gate.fetch(`/access/v1/${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "x-api-key": key, "content-type": "application/json", ...headers },
    });
  return {
    id: record.id,
    ask,
    async answer(path, body) {
      const response = await ask(path, body);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${response.status} ${text}`);
      return JSON.parse(text);
    },
  };
}
