import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientCache } from "../../../src/issuing/client_cache.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { ClientWithSecrets } from "../../../src/ports/clients.ts";
import { clientChangeId } from "../../../src/protocol/client_entries.ts";
import type { ClientId } from "../../../src/protocol/ids.ts";
import { NO_PEOPLE } from "../../../src/protocol/person_facing.ts";

const ID = `cli_${"0".repeat(22)}` as ClientId;
const T0 = 1_800_000_000_000;
const MINUTE_MS = 60_000;

function clientOf(version: number): ClientWithSecrets {
  const client = {
    id: ID,
    name: `v${version}`,
    authMethods: ["client_secret_basic"],
    grantTypes: ["client_credentials"],
    scopes: [],
    defaultScopes: null,
    roles: [],
    assignments: [],
    attributes: {},
    person: NO_PEOPLE,
    disabled: false,
    epoch: 1,
    version,
    createdAtMs: 0,
    updatedAtMs: 0,
  } as const;
  return { client, secrets: [] };
}

/** A registry that a test changes, and a feed that may or may not have told of it. */
class World {
  registry: ClientWithSecrets | null = clientOf(1);
  told = 0;
  reads = 0;
  isDown = false;
  readonly cache = new ClientCache({
    find: async () => {
      this.reads += 1;
      if (this.isDown) throw new Outage("d1");
      return this.registry;
    },
  });

  find(nowMs: number, hasView = true) {
    const leastEpoch = (kind: string, id: string) => (kind === "config" && id === clientChangeId(ID) ? this.told : 0);
    return this.cache.find(ID, nowMs, hasView ? { leastEpoch } : null);
  }
}

describe("ClientCache", () => {
  it("reads the registry once, and then answers from memory for five minutes", async () => {
    const world = new World();
    await world.find(T0);
    expect((await world.find(T0 + 5 * MINUTE_MS))?.client.version).toBe(1);
    expect(world.reads).toBe(1);
    await world.find(T0 + 5 * MINUTE_MS + 1);
    expect(world.reads).toBe(2);
  });

  it("reads again as soon as the feed tells a newer version, and not for one that it has", async () => {
    const world = new World();
    await world.find(T0);
    world.registry = clientOf(2);
    world.told = 2;
    expect((await world.find(T0))?.client.version).toBe(2);
    await world.find(T0);
    expect(world.reads).toBe(2);
  });

  it("without a view of the feed it takes nothing from memory", async () => {
    const world = new World();
    await world.find(T0);
    world.registry = null;
    expect(await world.find(T0, false)).toBeNull();
    world.isDown = true;
    await expect(world.find(T0, false)).rejects.toBeInstanceOf(Outage);
  });

  it("a clock that went back proves nothing about age", async () => {
    const world = new World();
    await world.find(T0);
    await world.find(T0 - 1);
    expect(world.reads).toBe(2);
  });

  it("an absent client is remembered for half a minute", async () => {
    const world = new World();
    world.registry = null;
    await world.find(T0);
    await world.find(T0 + 30_000);
    expect(world.reads).toBe(1);
    world.registry = clientOf(1);
    expect(await world.find(T0 + 30_001)).not.toBeNull();
  });

  it("an outage is not an answer: it is neither remembered nor taken for an absent client", async () => {
    const world = new World();
    world.isDown = true;
    await expect(world.find(T0)).rejects.toBeInstanceOf(Outage);
    world.isDown = false;
    expect((await world.find(T0))?.client.version).toBe(1);
  });

  it("never answers with less than the feed has told, whatever happens in whatever order", async () => {
    const step = fc.constantFrom("change", "tell", "find", "wait", "find without a view");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const world = new World();
        let nowMs = T0;
        let version = 1;
        for (const one of steps) {
          if (one === "change") world.registry = clientOf(++version);
          if (one === "tell") world.told = version;
          if (one === "wait") nowMs += MINUTE_MS;
          if (!one.startsWith("find")) continue;
          const hasView = one === "find";
          const found = await world.find(nowMs, hasView);
          expect(found?.client.version).toBeGreaterThanOrEqual(hasView ? world.told : version);
        }
      }),
    );
  });
});
