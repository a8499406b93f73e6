import { D1Relations } from "../../src/adapters/d1/relations.ts";
import { D1Users } from "../../src/adapters/d1/users.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { consistencyToken } from "../../src/policy/relations/revision.ts";
import { parseTuple, type RelationTuple } from "../../src/policy/relations/terms.ts";
import type { TupleChange } from "../../src/ports/relations.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { type Installation, type InstallationWishes, install } from "./install.ts";
import { backstage } from "./issuer_world.ts";
import { type IssuedKey, storedKey } from "./keys.ts";
import { someUser } from "./users.ts";

/** What is settled for single callers. */
export type Callers = NonNullable<NonNullable<ConfigInput["gateway"]["authzen"]>["callers"]>;

/** Stores somebody who can be asked about. */
export async function storedUser(wishes: Partial<UserRecord> = {}): Promise<string> {
  const user = someUser(wishes);
  await new D1Users(backstage.db).insert(user, user.email);
  return user.id;
}

/** Writes tuples, as texts. The consistency token of the change. */
export function related(...texts: string[]): Promise<string> {
  return changed({ writes: texts.map(readTuple), deletes: [] });
}

/** Takes tuples away. The consistency token of the change. */
export function unrelated(...texts: string[]): Promise<string> {
  return changed({ writes: [], deletes: texts.map(readTuple) });
}

async function changed(change: Pick<TupleChange, "writes" | "deletes">): Promise<string> {
  const done = await new D1Relations(backstage.db).change({ ...change, preconditions: [], nowMs: Date.now() });
  if (done === "precondition_failed") throw new Error(done);
  return consistencyToken(done.revision);
}

function readTuple(text: string): RelationTuple {
  const tuple = parseTuple(text);
  if (tuple === null) throw new Error(text);
  return tuple;
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

/** A caller of `gate`, by a key that is stored unless it is given. */
export async function authzenCaller(
  gate: Installation,
  scopes = ["authz:evaluate"],
  stored: IssuedKey | null = null,
): Promise<AuthzenCaller> {
  const { key, record } = stored ?? (await storedKey({ scopes }));
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

/** A gate to whose one caller `terms` are settled. */
export async function settledCaller(
  configOf: (callers: Callers) => ConfigInput,
  terms: Callers[string],
): Promise<AuthzenCaller> {
  const stored = await storedKey({ scopes: ["authz:evaluate"] });
  return authzenCaller(install({ config: configOf({ [stored.record.id]: terms }) }), [], stored);
}
