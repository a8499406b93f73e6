import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "./free_port.ts";
import { bearsAttacks, carriesOut } from "./shapes_attacks.ts";
import {
  call,
  documented,
  inWorld,
  type RunningProxy,
  type ShapesWorld,
  startProxy,
  startShapesWorld,
} from "./shapes_world.ts";

/** No administration, no certificates, nothing outside `directory`. */
const around = (directory: string, site: string) => `{
	admin off
	auto_https off
	default_bind 127.0.0.1
	storage file_system ${join(directory, "data")}
}
${site}`;

let world: ShapesWorld;
let caddy: RunningProxy | undefined;
let orphan: RunningProxy | undefined;

/** The site answers for any name here, so that the gate is what names are judged by. */
async function startCaddy(site: string): Promise<RunningProxy> {
  const [port = 0] = await freePorts(1);
  const listening = site.replace(/^api\.example\.com/m, `http://:${port}`);
  const args = (_: string, file: string) => ["run", "--adapter", "caddyfile", "--config", file];
  return startProxy("/usr/bin/caddy", args, (directory) => around(directory, listening), port);
}

beforeAll(async () => {
  world = await startShapesWorld();
  caddy = await startCaddy(inWorld(documented("caddyfile"), world));
  const [nowhere = 0] = await freePorts(1);
  orphan = await startCaddy(inWorld(documented("caddyfile"), { ...world, gatePort: nowhere }));
});

afterAll(async () => {
  await caddy?.end();
  await orphan?.end();
  await world.dispose();
});

describe("a real Caddy asks the gate", () => {
  carriesOut(
    () => world,
    () => caddy?.port ?? 0,
  );
  bearsAttacks(
    () => world,
    () => caddy?.port ?? 0,
  );

  it("a gate that is down lets nothing pass, not even to a public route", async () => {
    const before = world.received.length;
    expect((await call(orphan?.port ?? 0, "/public/x")).status).toBe(502);
    expect(world.received).toHaveLength(before);
  });
});
