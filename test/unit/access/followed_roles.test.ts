import { describe, expect, it } from "vitest";
import { FollowedRoles, type FollowedRolesParts } from "../../../src/adapters/followed_roles.ts";
import { provenRoleBook } from "../../../src/adapters/proven_role_book.ts";
import { sha256Hex } from "../../../src/kernel/bytes.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import { RoleBook } from "../../../src/policy/role_book.ts";
import { NO_ROLES, type RolesPointer } from "../../../src/protocol/edge_feed.ts";

const T0 = 1_800_000_000_000;
const down = () => Promise.reject(new Outage("issuer"));

/** An isolate whose feed and books the test holds. */
function isolate(parts: Partial<FollowedRolesParts> = {}) {
  const state = {
    pointer: NO_ROLES as RolesPointer,
    loads: [] as (number | null)[],
    failures: [] as unknown[],
    load: async (pointer: RolesPointer | null): Promise<RoleBook> => new RoleBook(pointer?.version ?? 0, []),
  };
  const followed = new FollowedRoles({
    feed: {
      get roles() {
        return state.pointer;
      },
    },
    load: (pointer) => {
      state.loads.push(pointer?.version ?? null);
      return state.load(pointer);
    },
    runs: () => undefined,
    failed: (...failure) => void state.failures.push(failure.slice(0, 2)),
    ...parts,
  });
  const at = (nowMs = T0, toleratedMs = 0) =>
    followed.at(nowMs, (work) => void work.catch(() => undefined), toleratedMs);
  const versionAt = async (nowMs = T0, toleratedMs = 0) => (await at(nowMs, toleratedMs))?.version ?? null;
  const point = (version: number) => {
    state.pointer = { version, hash: `h${version}` };
  };
  return { state, at, versionAt, point };
}

describe("following the role book", () => {
  it("asks the issuer first, whatever the feed says: one that lost its storage knows of none", async () => {
    const { state, versionAt } = isolate();
    state.load = async () => new RoleBook(7, []);
    expect([await versionAt(), state.loads]).toEqual([7, [null]]);
  });

  it("answers from memory, without a promise, while nothing is new", async () => {
    const { state, at, versionAt } = isolate();
    await versionAt();
    expect(at()).toBeInstanceOf(RoleBook);
    expect(state.loads).toHaveLength(1);
  });

  it("loads a newer one once for all who wait", async () => {
    const { state, versionAt, point } = isolate();
    await versionAt();
    point(3);
    expect(await Promise.all([versionAt(), versionAt(), versionAt()])).toEqual([3, 3, 3]);
    expect(state.loads).toEqual([null, 3]);
  });

  it("never goes back, whatever feed and issuer say", async () => {
    const { state, versionAt, point } = isolate();
    point(5);
    await versionAt();
    point(2);
    expect(await versionAt()).toBe(5);
    point(6);
    state.load = async () => new RoleBook(4, []);
    expect(await versionAt()).toBeNull();
  });

  it("an older loading that ends after a newer one changes nothing", async () => {
    const { state, at, versionAt, point } = isolate();
    const late = Promise.withResolvers<RoleBook>();
    state.load = () => late.promise;
    point(5);
    const first = versionAt();
    point(6);
    state.load = async () => new RoleBook(6, []);
    expect(await versionAt()).toBe(6);
    late.resolve(new RoleBook(5, []));
    await first;
    const book = at();
    expect(book instanceof RoleBook && book.version, "from memory, without another loading").toBe(6);
    expect(state.loads).toEqual([5, 6]);
  });

  it("a book that is older than the announced one is a failure, and told", async () => {
    const { state, versionAt, point } = isolate();
    point(6);
    state.load = async () => new RoleBook(5, []);
    expect(await versionAt()).toBeNull();
    expect(state.failures).toHaveLength(1);
  });

  it("serves nobody without a book, and serves as soon as there is one", async () => {
    const { state, versionAt } = isolate();
    state.load = down;
    expect(await versionAt()).toBeNull();
    expect(await versionAt(T0 + 10, 3_600_000)).toBeNull();
    state.load = async () => new RoleBook(1, []);
    expect(await versionAt(T0 + 1_000)).toBe(1);
  });

  it("closes at once where the newer one cannot be had, but for routes that bear an older one, and those for as long", async () => {
    const { state, versionAt, point } = isolate();
    await versionAt();
    point(1);
    state.load = down;
    expect(await versionAt()).toBeNull();
    expect(await versionAt(T0 + 29_000, 30_000)).toBe(0);
    expect(await versionAt(T0 + 31_000, 30_000)).toBeNull();
  });

  it("counts how long it is behind from the first newer book on, not from the last", async () => {
    const { state, versionAt, point } = isolate();
    await versionAt();
    state.load = down;
    for (let version = 1; version <= 4; version++) {
      point(version);
      expect(await versionAt(T0 + version * 10_000, 25_000)).toBe(version < 4 ? 0 : null);
    }
  });

  it("pauses after a failure, and tells of one that lasts once a minute", async () => {
    const { state, versionAt } = isolate();
    state.load = down;
    for (const ms of [0, 100, 400, 600, 700, 61_000]) await versionAt(T0 + ms);
    expect(state.loads).toHaveLength(3);
    expect(state.failures).toEqual([
      [0, null],
      [0, null],
    ]);
  });

  it("gives up a loading that never settles", async () => {
    const { state, versionAt } = isolate();
    state.load = () => new Promise(() => undefined);
    expect(await versionAt()).toBeNull();
    state.load = async () => new RoleBook(2, []);
    expect(await versionAt(T0 + 11_000)).toBe(2);
  });
});

describe("what is taken for a role book", () => {
  const text = (permissions: string[]) =>
    JSON.stringify({ v: 1, roles: [{ id: "editor", permissions, includes: [] }] });
  const refused: string[] = [];

  async function proven(near: string | null, issuer: { version: number; text: string; hash?: string } | null) {
    const pointer = { version: 4, hash: await sha256Hex(text(["a:r"])) };
    const current = async () => {
      if (issuer === null) throw new Outage("issuer");
      return { ...issuer, hash: issuer.hash ?? (await sha256Hex(issuer.text)) };
    };
    refused.length = 0;
    return provenRoleBook(pointer, { find: async () => near }, { current }, (hash) => void refused.push(hash));
  }

  it("is the copy with the right hash, though the issuer is out", async () => {
    const book = await proven(text(["a:r"]), null);
    expect([book.version, book.permissionsOf(["editor"]).has("a:r")]).toEqual([4, true]);
  });

  it("is never a copy that says more than what was published", async () => {
    const book = await proven(text(["a:r", "a:w"]), { version: 4, text: text(["a:r"]) });
    expect([book.permissionsOf(["editor"]).has("a:w"), refused.length]).toEqual([false, 1]);
    await expect(proven(text(["a:r", "a:w"]), null)).rejects.toThrow(Outage);
  });

  it.each([
    ["of another hash", { version: 4, text: text(["a:r"]), hash: "0".repeat(64) }],
    ["that is no JSON", { version: 4, text: "{" }],
    ["of a version to come", { version: 4, text: JSON.stringify({ v: 2, roles: [] }) }],
    ["with a member that is not known", { version: 4, text: JSON.stringify({ v: 1, roles: [], deny: ["editor"] }) }],
    ["that is empty under a version", { version: 4, text: "" }],
    ["of no text at all", { version: 4, text: "", hash: "" }],
  ])("is nothing %s", async (_what, issuer) => {
    await expect(proven(null, issuer)).rejects.toThrow(Outage);
  });

  it("is empty where no role was ever defined", async () => {
    const current = async () => ({ version: 0, hash: "", text: "" });
    const book = await provenRoleBook(null, { find: async () => null }, { current }, () => undefined);
    expect([book.version, book.permissionsOf(["editor"]).size]).toEqual([0, 0]);
  });
});
