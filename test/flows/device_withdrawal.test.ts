import { beforeAll, describe, expect, it, vi } from "vitest";
import type { ClientId } from "../../src/protocol/ids.ts";
import { decide, openDevices, registerDeviceClient } from "../support/device_world.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import { migrate, type RegisteredClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const { device, poll, signedIn, someone, accounts } = openDevices();
captureLogs();
let tv: RegisteredClient;

beforeAll(async () => {
  await migrate();
  tv = await registerDeviceClient();
});

describe("V10.7.3: access is withdrawn while a device waits", () => {
  it("access that is withdrawn before the approval: what the device asked before gives nothing after it", async () => {
    const client = await registerDeviceClient();
    const [before, other] = [await device(client), await device(tv)];
    const user = await someone();
    const tab = await signedIn(user);
    await accounts.endGrantsOf(user.id, client.id as ClientId, Date.now() + 1);
    expect((await decide(tab, before, "allow")).status, "as an unknown code").toBe(422);
    expect(await accounts.listGrants(user.id, Date.now())).toEqual([]);
    expectOAuthError(await poll(before), "authorization_pending");
    await decide(tab, other, "allow");
    expect((await poll(other)).status, "another client's").toBe(200);
    vi.setSystemTime(Date.now() + 2);
    const after = await device(client);
    await decide(tab, after, "allow");
    expect((await poll(after)).status, "asked anew").toBe(200);
  });

  it("of an approval and a withdrawal at once, in whichever order they come, nothing is left", async () => {
    const client = await registerDeviceClient();
    for (let turn = 0; turn < 6; turn++) {
      const asked = await device(client);
      const { id, ...user } = await someone();
      const tab = await signedIn({ id, ...user });
      const withdraw = () => accounts.endGrantsOf(id, client.id as ClientId, Date.now() + 1);
      const allow = () => decide(tab, asked, "allow");
      await Promise.all(turn % 2 === 0 ? [allow(), withdraw()] : [withdraw(), allow()]);
      expect(await accounts.listGrants(id, Date.now())).toEqual([]);
      expect((await poll(asked)).status).toBe(400);
    }
  });
});
