import { describe, expect, it } from "vitest";
import { platformRandom } from "../../../src/kernel/random.ts";
import type { AdmittedRequest } from "../../../src/protocol/authorization_transaction.ts";
import {
  needsConsent,
  type SessionFacts,
  type SessionStep,
  sessionStep,
} from "../../../src/protocol/authorize/next_step.ts";
import { newClientId } from "../../../src/protocol/ids.ts";
import { NO_PEOPLE } from "../../../src/protocol/person_facing.ts";

const START = 1_800_000_000_000;
const REQUEST: AdmittedRequest = {
  clientId: newClientId(platformRandom),
  redirectUri: "https://app.example/cb",
  responseMode: "query",
  state: null,
  scopes: ["openid", "read"],
  resource: null,
  codeChallenge: null,
  prompts: [],
  maxAgeSeconds: null,
  loginHint: null,
  uiLocales: null,
  nonce: null,
  expectedSubject: null,
};
const OLD: SessionFacts = { authTimeMs: START - 60_000, isChosen: false, isExpected: true };
const FRESH: SessionFacts = { ...OLD, authTimeMs: START };

describe("OpenID Connect Core 3.1.2.1: whether a session will do", () => {
  it.each<[string, Partial<AdmittedRequest>, SessionFacts | null, SessionStep]>([
    ["nobody", {}, null, "login"],
    ["a session", {}, OLD, "done"],
    ["prompt=login, an old session", { prompts: ["login"] }, OLD, "login"],
    ["prompt=login, one millisecond too old", { prompts: ["login"] }, { ...OLD, authTimeMs: START - 1 }, "login"],
    ["prompt=login, a new session", { prompts: ["login"] }, FRESH, "done"],
    ["max_age just met", { maxAgeSeconds: 60 }, OLD, "done"],
    ["max_age passed", { maxAgeSeconds: 59 }, OLD, "login"],
    ["max_age 0, an old session", { maxAgeSeconds: 0 }, OLD, "login"],
    ["max_age 0, a new session", { maxAgeSeconds: 0 }, FRESH, "done"],
    ["max_age far away", { maxAgeSeconds: 10_000 }, OLD, "done"],
    ["select_account", { prompts: ["select_account"] }, OLD, "select_account"],
    ["select_account, chosen", { prompts: ["select_account"] }, { ...OLD, isChosen: true }, "done"],
    ["select_account, just signed in", { prompts: ["select_account"] }, FRESH, "done"],
    ["choosing is not signing in", { prompts: ["login", "select_account"] }, { ...OLD, isChosen: true }, "login"],
    ["another user than expected", {}, { ...OLD, isExpected: false }, "login"],
    ["another user than expected, just signed in", {}, { ...FRESH, isExpected: false }, "other_user"],
  ])("%s", (_name, changes, session, step) => {
    expect(sessionStep({ request: { ...REQUEST, ...changes }, startedAtMs: START }, session)).toBe(step);
  });
});

describe("RFC 9700 4.11.2, RFC 8252 8.6: whether the user is asked", () => {
  const web = { authMethods: ["client_secret_basic"], person: NO_PEOPLE } as const;
  const spa = { authMethods: ["none"], person: NO_PEOPLE } as const;
  const own = { ...web, person: { ...NO_PEOPLE, firstParty: true } } as const;
  const ownApp = { ...own, authMethods: ["none"] } as const;
  const loopback = { redirectUri: "http://127.0.0.1:1234/cb" };
  const all = ["read", "openid", "more"];
  it.each([
    ["nothing agreed", {}, web, [], true],
    ["all agreed", {}, web, all, false],
    ["one scope more", {}, web, ["openid"], true],
    ["prompt=consent", { prompts: ["consent"] }, web, all, true],
    ["a public client with a site of its own, all agreed", {}, spa, all, false],
    ["a public client on loopback, all agreed", loopback, spa, all, true],
    ["a public client with a private scheme, all agreed", { redirectUri: "com.a.b:/cb" }, spa, all, true],
    ["a client with a secret on loopback, all agreed", loopback, web, all, false],
    ["the operator's own", {}, own, [], false],
    ["the operator's own, prompt=consent", { prompts: ["consent"] }, own, [], true],
    ["the operator's own app on loopback", loopback, ownApp, all, true],
  ] as const)("%s", (_name, changes, client, agreed, isAsked) => {
    expect(needsConsent({ ...REQUEST, ...changes }, client, agreed)).toBe(isAsked);
  });
});
