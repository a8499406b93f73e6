import { createLocalJWKSet, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { BackchannelLogout } from "../../src/adapters/backchannel_logout.ts";
import { D1Clients } from "../../src/adapters/d1/clients.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { LogoutNotice } from "../../src/ports/client_notices.ts";
import { ID_TOKEN_ALGORITHMS } from "../../src/protocol/id_token.ts";
import { type ClientId, newClientId } from "../../src/protocol/ids.ts";
import type { PersonFacing } from "../../src/protocol/person_facing.ts";
import { registerApp } from "../support/grant_world.ts";
import { backstage, migrate, openIsolate } from "../support/issuer_world.ts";
import { captureLogs, secret } from "../support/logs.ts";

const ISSUER = "https://login.example.com";
const HEARS = "https://app.example/backchannel";
const { signer } = openIsolate().parts.issuer;
const logs = captureLogs();

beforeAll(migrate);

type Server = (request: Request) => Response | Promise<Response>;

const well: Server = () => new Response(null);

/** A notifier whose network is `server`, and what it sent there. */
function notifier(server: Server, issuer = ISSUER, deadlineMs?: number) {
  const sent: Request[] = [];
  const parts = {
    issuer,
    clients: new D1Clients(backstage.db),
    signer: () => signer,
    fetch: async (request: Request) => {
      sent.push(request.clone() as Request);
      return server(request);
    },
  };
  return { sent, told: new BackchannelLogout(parts, deadlineMs) };
}

function notice(clientId: ClientId): LogoutNotice {
  return { id: crypto.randomUUID(), clientId, subject: "usr_a", sid: "sid-a" };
}

async function clientAt(backchannelLogoutUri: string | null, person: Partial<PersonFacing> = {}): Promise<ClientId> {
  return (await registerApp({ person: { backchannelLogoutUri, ...person } })).id;
}

describe("OpenID Connect Back-Channel Logout 2.5: the call", () => {
  it.each(ID_TOKEN_ALGORITHMS)(
    "is a form with a logout token under %s, the algorithm of the client's ID tokens",
    async (alg) => {
      const { sent, told } = notifier(well);
      const one = notice(await clientAt(HEARS, { idTokenAlgorithm: alg }));
      const nowMs = Date.now();
      expect(await told.notify(one, nowMs)).toBe("done");
      const [request] = sent;
      expect([request?.method, request?.url, request?.redirect]).toEqual(["POST", HEARS, "manual"]);
      expect(request?.headers.get("content-type")).toMatch(/^application\/x-www-form-urlencoded/);
      const form = new URLSearchParams(await request?.text());
      expect([...form.keys()]).toEqual(["logout_token"]);
      const token = secret(form.get("logout_token") ?? "");
      const { keys } = await backstage.ring().published();
      const jwks = createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) });
      const verified = await jwtVerify(token, jwks, { issuer: ISSUER, audience: one.clientId, typ: "logout+jwt" });
      expect(verified.protectedHeader.alg).toBe(alg);
      const iat = Math.floor(nowMs / 1000);
      expect(verified.payload).toEqual({
        iss: ISSUER,
        aud: one.clientId,
        iat,
        exp: iat + 120,
        jti: one.id,
        sub: "usr_a",
        sid: "sid-a",
        events: { "http://schemas.openid.net/event/backchannel-logout": {} },
      });
      expect(logs.events("logout_notice_delivered")).toMatchObject([{ client_id: one.clientId, status: 200 }]);
    },
  );

  it.each([
    [200, "done"],
    [204, "done"],
    [202, "again"],
    [301, "again"],
    [302, "again"],
    [307, "again"],
    [400, "again"],
    [404, "again"],
    [500, "again"],
    [503, "again"],
  ] as const)("an answer of %i: %s", async (status, outcome) => {
    const { sent, told } = notifier(() => new Response(null, { status, headers: { location: "http://127.0.0.1:9/" } }));
    expect(await told.notify(notice(await clientAt(HEARS)), Date.now())).toBe(outcome);
    expect(sent, "a redirect leads nowhere").toHaveLength(1);
  });

  it("a client that is down, and one that never answers, are told again", async () => {
    const down = notifier(() => Promise.reject(new TypeError("no route")));
    expect(await down.told.notify(notice(await clientAt(HEARS)), Date.now())).toBe("again");
    const silent = notifier(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      ISSUER,
      20,
    );
    expect(await silent.told.notify(notice(await clientAt(HEARS)), Date.now())).toBe("again");
    expect(logs.events("logout_notice_failed")).toMatchObject([{ error: "TypeError" }, { error: "TimeoutError" }]);
  });

  it("an answer without end is not read", async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(new Uint8Array(1024));
        },
        cancel() {
          cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const { told } = notifier(() => new Response(endless));
    expect(await told.notify(notice(await clientAt(HEARS)), Date.now())).toBe("done");
    expect([pulled, cancelled]).toEqual([0, true]);
  });

  it("a client that is gone, or wants to hear nothing, is not called", async () => {
    const { sent, told } = notifier(well);
    expect(await told.notify(notice(await clientAt(null)), Date.now())).toBe("done");
    expect(await told.notify(notice(newClientId(platformRandom)), Date.now())).toBe("done");
    expect(sent).toEqual([]);
  });
});

describe("OWASP API7: a registered address that leads inwards is not called", () => {
  it.each([
    ["http://app.example/backchannel", "url_scheme_not_allowed"],
    ["http://localhost:9/x", "url_scheme_not_allowed"],
    ["https://127.0.0.1/x", "url_host_not_public"],
    ["https://2130706433/x", "url_host_not_public"],
    ["https://[::ffff:7f00:1]/x", "url_host_not_public"],
    ["https://169.254.169.254/latest/meta-data/", "url_host_not_public"],
    ["https://10.0.0.1/x", "url_host_not_public"],
    ["https://user:pass@app.example/x", "url_with_credentials"],
  ])("%s", async (uri, reason) => {
    const { sent, told } = notifier(well);
    expect(await told.notify(notice(await clientAt(uri)), Date.now())).toBe("done");
    expect(sent).toEqual([]);
    expect(logs.events("logout_notice_refused")).toMatchObject([{ reason }]);
  });

  it("from an issuer on loopback, loopback is called, and a private network is not", async () => {
    const { sent, told } = notifier(well, "http://localhost:8787");
    await told.notify(notice(await clientAt("http://127.0.0.1:4000/out")), Date.now());
    await told.notify(notice(await clientAt("http://192.168.0.1/out")), Date.now());
    expect(sent.map(({ url }) => url)).toEqual(["http://127.0.0.1:4000/out"]);
  });
});
