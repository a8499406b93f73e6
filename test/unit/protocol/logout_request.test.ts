import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { platformRandom } from "../../../src/kernel/random.ts";
import { parseParameters } from "../../../src/protocol/authorize/parameters.ts";
import { newClientId } from "../../../src/protocol/ids.ts";
import { decideLogout, type LogoutFacts, parseLogoutRequest } from "../../../src/protocol/logout_request.ts";

const CLIENT = newClientId(platformRandom);
const OTHER = newClientId(platformRandom);
const BACK = "https://app.example/signed-out";
const QUERIED = "https://app.example/out?tenant=1";

const request = { idTokenHint: "a.b.c", clientId: null, postLogoutRedirectUri: BACK, state: null };
const hint = { clientId: CLIENT, subject: "usr_a", sid: "sid-a", issuedAtSeconds: 0 };
const client = { person: { postLogoutRedirectUris: [BACK, QUERIED, "http://127.0.0.1:7000/out"] } };
const known = { subject: "usr_a", sid: "sid-a" };
const good: LogoutFacts = { request, hint, client, isSignedIn: true, known, isVisit: true };

function parse(query: string, body = "") {
  const parameters = parseParameters(query, body);
  if (!parameters.ok) throw new Error(parameters.error.reason);
  return parseLogoutRequest(parameters.value);
}

function decide(changes: Partial<LogoutFacts> = {}) {
  const decided = decideLogout({ ...good, ...changes });
  return decided.ok ? decided.value : decided.error.reason;
}

describe("OpenID Connect RP-Initiated Logout 2: the request", () => {
  it("is read from query and body alike; what is absent or empty is null", () => {
    const whole = { idTokenHint: "a.b.c", clientId: CLIENT, postLogoutRedirectUri: BACK, state: "s t" };
    const text = `id_token_hint=a.b.c&client_id=${CLIENT}&post_logout_redirect_uri=${BACK}&state=s+t&logout_hint=x&ui_locales=de`;
    for (const read of [parse(text), parse("", text)]) expect(read).toEqual({ ok: true, value: whole });
    const none = { idTokenHint: null, clientId: null, postLogoutRedirectUri: null, state: null };
    expect(parse("state=&client_id=")).toEqual({ ok: true, value: none });
  });

  it.each(["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales", "other"])(
    "%s there twice is refused, also once in the query and once in the body",
    (name) => {
      for (const read of [parse(`${name}=a&${name}=b`), parse(`${name}=a`, `${name}=a`)]) {
        expect(read).toMatchObject({ ok: false, error: { reason: "repeated_parameter" } });
      }
    },
  );

  it("a hint of more than 8 KiB is none", () => {
    expect(parse(`id_token_hint=${"a".repeat(8_192)}`)).toMatchObject({ value: { idTokenHint: expect.any(String) } });
    expect(parse(`id_token_hint=${"a".repeat(8_193)}`)).toMatchObject({ value: { idTokenHint: null } });
  });
});

describe("OpenID Connect RP-Initiated Logout 2: who ends the session", () => {
  it("the client that this very session signed in to, at once", () => {
    expect(decide()).toEqual({ kind: "end", onward: { uri: BACK, how: "redirect" } });
  });

  it.each<[string, Partial<LogoutFacts>]>([
    ["nobody proven", { hint: null, known: null }],
    ["a hint of another user", { known: { ...known, subject: "usr_b" } }],
    ["a hint of another session of the same user", { known: { ...known, sid: "sid-b" } }],
    ["a hint of a sign-in without a session", { hint: { ...hint, sid: null } }],
    ["an image, or a prefetch", { isVisit: false }],
  ])("%s: the person is asked", (_, changes) => {
    expect(decide(changes)).toMatchObject({ kind: "ask" });
  });

  it("where nobody is signed in nothing is left to end", () => {
    expect(decide({ isSignedIn: false, known: null })).toMatchObject({ kind: "over" });
  });

  it("client_id has to be the hint's client", () => {
    expect(decide({ request: { ...request, clientId: OTHER } })).toBe("client_id_mismatch");
    expect(decide({ request: { ...request, clientId: CLIENT } })).toMatchObject({ kind: "end" });
  });
});

describe("OpenID Connect RP-Initiated Logout 3: where the browser goes on to", () => {
  it.each([
    "https://app.example/signed-out/",
    "https://app.example/signed-out?x=1",
    "https://app.example/signed-out#x",
    "https://APP.example/signed-out",
    "https://app.example:443/signed-out",
    "https://app.example@evil.example/signed-out",
    "https://evil.example/signed-out",
    "//app.example/signed-out",
    "http://127.0.0.1:7001/out",
    "javascript:alert(1)",
  ])("%s is not registered: nowhere", (uri) => {
    expect(decide({ request: { ...request, postLogoutRedirectUri: uri } })).toEqual({ kind: "end", onward: null });
  });

  it("nowhere without a client, be the address registered by another or not", () => {
    expect(decide({ hint: null, known: null, client: null })).toEqual({ kind: "ask", onward: null });
  });

  it("a client that is only named: after the person said yes; a link where nobody is asked", () => {
    const named = { hint: null, known: null, request: { ...request, idTokenHint: null, clientId: CLIENT } };
    expect(decide(named)).toEqual({ kind: "ask", onward: { uri: BACK, how: "redirect" } });
    expect(decide({ ...named, isSignedIn: false })).toEqual({ kind: "over", onward: { uri: BACK, how: "link" } });
  });

  it("state comes back as it was sent, beside what the address has of a query", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), fc.constantFrom(BACK, QUERIED), (state, uri) => {
        const decided = decide({ request: { ...request, postLogoutRedirectUri: uri, state } });
        if (typeof decided === "string" || decided.onward === null) throw new Error("nowhere");
        const url = new URL(decided.onward.uri);
        expect(url.searchParams.get("state")).toBe(state);
        expect(decided.onward.uri.startsWith(uri)).toBe(true);
        expect(url.searchParams.get("tenant")).toBe(uri === QUERIED ? "1" : null);
      }),
    );
  });
});
