import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { actionConfig } from "../support/action_config.ts";
import { bearer, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { PARTNER_JWKS_URL, PARTNER_URL } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

/* Item 191: a route that asks for a recent, or a stronger, sign-in than the token tells of (RFC 9470). */
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;
let partner: ForgeKey;

beforeAll(async () => {
  [ring, partner] = await Promise.all([ringKey(), newKey()]);
});
beforeEach(() => {
  network.serve(PARTNER_JWKS_URL, () => Response.json({ keys: [partner.jwk] }));
  network.origin(({ url }) => Response.json(url.includes("/internal/") ? { owner: "usr_alice" } : { from: "origin" }));
});

/** The installation, in which purging asks for a class of authentication too. */
function strict(): ConfigInput {
  const config = actionConfig();
  const { policy } = config;
  if (policy === undefined) throw new Error("no policy");
  const rules = (policy.rules ?? []).map((rule) =>
    rule.id === "fresh-owner-purges"
      ? { ...rule, stepUp: { maxAgeSeconds: 300, acrValues: ["urn:test:strong", "urn:test:hw"] } }
      : rule,
  );
  return { ...config, policy: { ...policy, rules } };
}

const ago = (seconds: number) => Math.floor(Date.now() / 1000) - seconds;

async function purge(claims: Record<string, unknown>, config = actionConfig(), key = ring) {
  const value = await token(key, { sub: "usr_alice", client_id: "web", ...claims });
  const response = await install({ config }).fetch("/purge/1", { headers: bearer(value) });
  const challenge = response.headers.get("www-authenticate");
  return { status: response.status, challenge, told: await response.json() };
}

describe("item 191: a sign-in that is too old", () => {
  it("a fresh one passes", async () => {
    expect((await purge({ auth_time: ago(10) })).status).toBe(200);
  });

  it("RFC 9470 3: an old one is told how recent it has to be, exactly so", async () => {
    const { status, challenge, told } = await purge({ auth_time: ago(301) });
    expect(status).toBe(401);
    expect(challenge).toBe(
      'Bearer error="insufficient_user_authentication", error_description="a more recent or a stronger sign-in is required", ' +
        'max_age="300", resource_metadata="https://api.test/.well-known/oauth-protected-resource"',
    );
    expect(told).toMatchObject({
      code: "insufficient_user_authentication",
      error: "insufficient_user_authentication",
      max_age: 300,
    });
    expect(logs.lastDecision).toMatchObject({ reason: "step_up", rules: ["fresh-owner-purges"], status: 401 });
  });

  it.each([
    ["says nothing", {}],
    ["is in milliseconds, and so never old", { auth_time: Date.now() }],
    ["lies ahead", { auth_time: ago(-3_600) }],
    ["is a text", { auth_time: String(ago(0)) }],
  ])("one that %s is not recent", async (_, claims) => {
    expect((await purge(claims)).status).toBe(401);
  });

  it("nobody is challenged for what is not theirs: a sign-in would change nothing", async () => {
    network.origin(({ url }) => Response.json(url.includes("/internal/") ? { owner: "usr_bob" } : {}));
    expect(await purge({ auth_time: ago(301) })).toMatchObject({ status: 403, challenge: null });
  });
});

describe("item 191: a sign-in that is not strong enough", () => {
  const theirs = { iss: PARTNER_URL, auth_time: ago(10) };

  beforeEach(() => {
    // Rules know people of other issuers by both names.
    const owner = `${encodeURIComponent(PARTNER_URL)}|usr_alice`;
    network.origin(({ url }) => Response.json(url.includes("/internal/") ? { owner } : { from: "origin" }));
  });

  it("RFC 9470 3: names the classes of which one would do", async () => {
    const { status, challenge, told } = await purge({ ...theirs, acr: "urn:test:weak" }, strict(), partner);
    expect(status).toBe(401);
    expect(challenge).toContain('acr_values="urn:test:strong urn:test:hw", max_age="300"');
    expect(told).toMatchObject({ acr_values: "urn:test:strong urn:test:hw", max_age: 300 });
  });

  it("one of them passes", async () => {
    expect((await purge({ ...theirs, acr: "urn:test:hw" }, strict(), partner)).status).toBe(200);
  });

  it.each([
    ["a list", ["urn:test:hw"]],
    ["one in other letters", "URN:TEST:HW"],
    ["several in one", "urn:test:hw urn:test:strong"],
  ])("a class that is %s is none of them", async (_, acr) => {
    expect((await purge({ ...theirs, acr }, strict(), partner)).status).toBe(401);
  });

  it("a person of our issuer, which gives none of them, is not sent round in a circle", async () => {
    network.origin(() => Response.json({ owner: "usr_alice" }));
    expect(await purge({ auth_time: ago(10) }, strict())).toMatchObject({ status: 403, challenge: null });
    expect(logs.lastDecision).toMatchObject({ reason: "step_up_impossible" });
  });
});

describe("who has nobody that could sign in", () => {
  it("a client gets 403", async () => {
    network.origin(({ url }) => Response.json(url.includes("/internal/") ? { owner: "cli_1" } : {}));
    expect(await purge({ sub: "cli_1", client_id: "cli_1" })).toMatchObject({ status: 403, challenge: null });
  });

  it("an API key gets 403", async () => {
    const { key, record } = await storedKey();
    network.origin(({ url }) => Response.json(url.includes("/internal/") ? { owner: record.id } : {}));
    const response = await install({ config: actionConfig() }).fetch("/purge/1", { headers: { "x-api-key": key } });
    expect(response.status).toBe(403);
    expect(logs.lastDecision).toMatchObject({ reason: "step_up_impossible" });
  });
});
