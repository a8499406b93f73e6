import { beforeAll, describe, expect, it } from "vitest";
import { NO_HOLDINGS } from "../../src/protocol/holdings.ts";
import { newGrantId } from "../../src/protocol/ids.ts";
import { configuredLifetimes } from "../support/grant_world.ts";
import { backstage, migrate, registerClient } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { openPages } from "../support/pages_world.ts";

beforeAll(migrate);
captureLogs();

/** Somebody who is signed in, and what clients can get of theirs. */
async function signedIn() {
  const world = openPages();
  const user = await world.someone();
  const tab = world.browser();
  await tab.signIn(user.email, world.password);
  const giver = { user: user.id, epoch: await world.accounts.epochOf(user.id, Date.now()) };
  const agree = (client: { readonly id: string }, scopes = ["openid", "orders:read"], atMs = Date.now()) =>
    world.consents.add(giver, client.id, "", scopes, atMs);
  const grant = (client: { readonly id: string }) =>
    world.accounts.startGrant(
      user.id,
      {
        grantId: newGrantId(world.people.random),
        terms: {
          clientId: client.id as Parameters<typeof world.accounts.endGrantsOf>[1],
          subject: user.id,
          sessionId: null,
          sid: null,
          scopes: ["openid", "orders:read", "offline_access"],
          resource: null,
          nonce: null,
          authTimeMs: Date.now(),
          amr: ["pwd"],
          acr: null,
          refreshable: true,
        },
        dpopThumbprint: null,
        refreshHash: "A".repeat(43),
        holdings: NO_HOLDINGS,
      },
      configuredLifetimes(),
      Date.now(),
    );
  return { ...world, user, tab, giver, agree, grant };
}

function names(html: string): readonly string[] {
  return [...html.matchAll(/<h3><bdi>([^<]*)<\/bdi><\/h3>\s*<p class="small">/g)].map(([, name = ""]) => name);
}

describe("V10.7.3: connected apps", () => {
  it("one that holds no grant and may come back without asking is listed, and withdrawn", async () => {
    const { tab, agree, consents, giver } = await signedIn();
    const client = await registerClient({ name: "Quiet reader" });
    await agree(client);
    const { text } = await tab.go("/account");
    expect(names(text)).toEqual(["Quiet reader"]);
    expect(text).toContain("it may come back without");
    await tab.submit("/account", "/account/apps/withdraw", { client: client.id });
    expect(await consents.list(giver)).toEqual([]);
    expect((await tab.go("/account")).text).toContain("No application has access to your account.");
  });

  it("one with several grants and consents is one row, with all that it may do", async () => {
    const { tab, agree, grant } = await signedIn();
    const client = await registerClient({ name: "Twice here" });
    for (let count = 0; count < 3; count++) await grant(client);
    await agree(client, ["openid", "orders:write"]);
    const { text } = await tab.go("/account");
    expect(names(text)).toEqual(["Twice here"]);
    expect(text).toContain("May orders:read · May orders:write");
  });

  it.each([
    ["disabled", "UPDATE clients SET disabled = 1, version = version + 1 WHERE id = ?", "Off and away"],
    ["gone", "DELETE FROM clients WHERE id = ?", "An application that is gone"],
  ])("a client that is %s is listed, and withdrawn with its grant and its consent", async (_, sql, name) => {
    const { tab, agree, grant, accounts, consents, giver, user } = await signedIn();
    const client = await registerClient({ name: "Off and away" });
    await agree(client);
    await grant(client);
    await backstage.db.prepare(sql).bind(client.id).run();
    expect(names((await tab.go("/account")).text)).toEqual([name]);
    await tab.submit("/account", "/account/apps/withdraw", { client: client.id });
    expect([await consents.list(giver), await accounts.listGrants(user.id, Date.now())]).toEqual([[], []]);
  });

  it("what was agreed to before everything ended is not listed: it counts for nothing", async () => {
    const { tab, agree, accounts, user, password } = await signedIn();
    await agree(await registerClient({ name: "From before" }));
    await accounts.endEverything(user.id, "sign_out_everywhere", null, Date.now());
    await tab.signIn(user.email, password);
    expect(names((await tab.go("/account")).text)).toEqual([]);
  });

  it("many are shown in part, the last used first, and all of them on pages of twenty", async () => {
    const { tab, agree } = await signedIn();
    const nowMs = Date.now();
    for (let at = 1; at <= 22; at++) {
      await agree(await registerClient({ name: `App ${at}` }), ["openid"], nowMs - at * 1_000);
    }
    const account = (await tab.go("/account")).text;
    expect(names(account)).toEqual([1, 2, 3, 4, 5, 6].map((at) => `App ${at}`));
    expect(account).toContain('<a href="/account/apps">Show all 22 connected apps</a>');
    const [first, second, beyond] = [
      (await tab.go("/account/apps")).text,
      (await tab.go("/account/apps?page=2")).text,
      (await tab.go("/account/apps?page=999")).text,
    ];
    expect([names(first).length, names(first)[0], names(first).at(-1)]).toEqual([20, "App 1", "App 20"]);
    expect([names(second), names(beyond)]).toEqual([
      ["App 21", "App 22"],
      ["App 21", "App 22"],
    ]);
    expect([first.includes("?page=2"), second.includes("?page=1"), second.includes("?page=3")]).toEqual([
      true,
      true,
      false,
    ]);
    const client = /name="client" value="([^"]+)"/.exec(second)?.[1] ?? "";
    const told = await tab.submit("/account/apps?page=2", "/account/apps/withdraw", { client, from: "apps" });
    expect([told.status, told.headers.get("location")]).toEqual([303, "/account/apps"]);
    const after = (await tab.go("/account/apps")).text;
    expect(after).toContain("The access is withdrawn.");
    expect(after).toContain("21 apps");
  });

  it("is for who is signed in, and one user withdraws nothing of another's", async () => {
    const ada = await signedIn();
    const bob = await signedIn();
    const client = await registerClient();
    await ada.agree(client);
    expect((await ada.browser().go("/account/apps")).headers.get("location")).toBe("/login");
    await bob.tab.submit("/account", "/account/apps/withdraw", { client: client.id });
    expect(await ada.consents.list(ada.giver)).toHaveLength(1);
  });
});
