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
import { HOST } from "./two_isolates_world.ts";

/** What surrounds the page's block in a file of nginx: no daemon, nothing outside `directory`. */
const around = (directory: string, server: string) => `
daemon off;
worker_processes 1;
pid ${join(directory, "pid")};
error_log stderr error;
events {}
http {
  access_log off;
  client_body_temp_path ${join(directory, "body")};
  proxy_temp_path ${join(directory, "proxy")};
  fastcgi_temp_path ${join(directory, "fastcgi")};
  uwsgi_temp_path ${join(directory, "uwsgi")};
  scgi_temp_path ${join(directory, "scgi")};
${server}
}
`;

let world: ShapesWorld;
let nginx: RunningProxy | undefined;
let orphan: RunningProxy | undefined;

async function startNginx(server: string): Promise<RunningProxy> {
  const [port = 0] = await freePorts(1);
  const listening = server.replace(/listen 80;/, `listen 127.0.0.1:${port};`);
  const args = (directory: string, file: string) => ["-p", directory, "-c", file];
  return startProxy("/usr/sbin/nginx", args, (directory) => around(directory, listening), port);
}

beforeAll(async () => {
  world = await startShapesWorld();
  const named = (text: string) => text.replaceAll("api.example.com", HOST);
  nginx = await startNginx(named(inWorld(documented("nginx"), world)));
  const [nowhere = 0] = await freePorts(1);
  orphan = await startNginx(named(inWorld(documented("nginx"), { ...world, gatePort: nowhere })));
});

afterAll(async () => {
  await nginx?.end();
  await orphan?.end();
  await world.dispose();
});

describe("a real nginx asks the gate", () => {
  carriesOut(
    () => world,
    () => nginx?.port ?? 0,
  );
  bearsAttacks(
    () => world,
    () => nginx?.port ?? 0,
  );

  it("a gate that is down lets nothing pass, not even to a public route", async () => {
    const before = world.received.length;
    const told = await call(orphan?.port ?? 0, "/public/x");
    expect([told.status, JSON.parse(told.text).code]).toEqual([503, "temporarily_unavailable"]);
    expect(world.received).toHaveLength(before);
  });
});
