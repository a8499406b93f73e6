import { beforeAll, beforeEach, expect } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "./admin_world.ts";
import { bearer, type ForgeKey, ringKey, token } from "./forge.ts";
import { type InstallationWishes, install } from "./install.ts";
import { stubNetwork } from "./network.ts";
import { problemOf } from "./refused.ts";
import { schemaOf } from "./relation_graph.ts";
import { NOTE_RELATIONS, resourceFieldConfig } from "./resource_field_config.ts";

/** A call, and what its origin answers. */
export type NoteCall = {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly answer?: unknown;
  readonly respond?: () => Response;
  readonly who?: string;
  readonly roles?: readonly string[];
  readonly scope?: string;
  readonly config?: ConfigInput;
  readonly wishes?: InstallationWishes;
};

/** A note as its origin has it. */
export const note = (id: string, more: object = {}) => ({
  id,
  title: "t",
  draft: `of ${id}`,
  pay: 5,
  reviews: [{ text: "x", score: 1 }],
  meta: { tags: ["a"], owner: "me" },
  internal: 1,
  ...more,
});
/** What of it everybody sees. */
export const SEEN = { id: "1", title: "t", reviews: [{ text: "x" }], meta: { tags: ["a"] } };

/** The test installation with notes, and callers of it. To be made once in a file, where its tests are described. */
export function noteWorld() {
  const network = stubNetwork();
  let admin: AdminCaller;
  let ring: ForgeKey;

  beforeAll(async () => {
    await migrate();
    admin = await adminCaller({ relationSchema: schemaOf(NOTE_RELATIONS) });
    await admin.call("POST", "/roles", { id: "payroll", permissions: ["person:read_salary", "person:set_salary"] });
    ring = await ringKey();
  });
  beforeEach(async () => {
    await stores.db.exec("DELETE FROM relation_tuples");
  });

  /** Gives `subject` a relation to `object`. */
  async function write(object: string, relation: string, subject: string): Promise<void> {
    const told = await admin.call("POST", "/relations", {
      writes: [{ object, relation, subject: `client:${subject}` }],
    });
    expect(told.status, told.text).toBe(200);
  }

  /** Calls as `who`; what the origin got of it is remembered. */
  async function call(path: string, sent: NoteCall = {}) {
    const { method = "GET", body, headers = {}, who = "ann", roles = [], scope = "orders:read", wishes = {} } = sent;
    const received: string[] = [];
    network.origin(async (request) => {
      received.push(await request.text());
      const standard = Response.json(sent.answer ?? note("1"), { headers: { etag: '"whole"' } });
      return sent.respond?.() ?? standard;
    });
    const caller = bearer(await token(ring, { sub: who, client_id: who, roles, scope }));
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const init = { method, headers: { ...caller, ...type, ...headers }, ...(body === undefined ? {} : { body: text }) };
    const config = sent.config ?? resourceFieldConfig();
    const response = await install({ ...wishes, config }).fetch(path, init);
    return { response, received };
  }

  /** What the caller gets. */
  const json = async (called: ReturnType<typeof call>) => (await called).response.json();

  /** How a call is refused that never reaches its origin: its status and code, and the places that are told. */
  async function refusal(called: ReturnType<typeof call>): Promise<unknown> {
    const { response, received } = await called;
    expect(received).toEqual([]);
    const { code, errors } = await problemOf(response);
    const places = (errors as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer);
    return places === undefined ? `${response.status} ${code}` : [`${response.status} ${code}`, ...places];
  }

  return { network, write, call, json, refusal };
}
