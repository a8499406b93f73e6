import type { Environment } from "../../../src/bindings.ts";
import { need } from "../../../src/bindings.ts";
import { adminCaller, adminParts } from "../admin_world.ts";
import { query } from "../authorize_world.ts";
import { type Breakable, breakable } from "../breakable.ts";
import { registerDeviceClient } from "../device_world.ts";
import { openFirstParty, ownApp, PASSWORD, someone } from "../first_party_world.ts";
import { asClient, newSecret, plantCode, redeem, refresh, registerApp, registerUser, signIn } from "../grant_world.ts";
import { bindings, openIsolate, registerClient, type Told } from "../issuer_world.ts";
import { secret } from "../logs.ts";
import { askToken } from "../token_requests.ts";
import type { IssuerCall, IssuerLie } from "./issuer_rows.ts";
import type { Answer } from "./row.ts";

/** One isolate of the issuer, and its dependency, which a test breaks. */
export interface IssuerWorld {
  readonly broken: Breakable<object>;
  /** Makes ready what `name` needs, and answers with the call itself. */
  prepare(name: IssuerCall): Promise<() => Promise<Answer>>;
}

const healthy = openIsolate();

/** Opens an isolate whose `binding` is missing, or can be broken. Throws `DeploymentFault` where it cannot be without. */
export async function openIssuerWorld(binding: string, isMissing: boolean, heard: () => void): Promise<IssuerWorld> {
  const broken = breakable(need(bindings, binding as "DB") as object, heard);
  const mail = { EMAIL: { send: async () => ({ messageId: "1" }) }, MAIL_FROM: "mail@issuer.test" };
  const bound = { ...bindings, [binding]: isMissing ? null : broken.binding } as Environment;
  const world = openFirstParty({ bindings: bound });
  const { isolate } = world;
  const admin = await adminCaller(adminParts(bound));
  const known = await registerClient();
  const operator = async (method: string, path: string, body?: unknown) =>
    answered(await admin.call(method, path, body));
  const calls: Readonly<Record<IssuerCall, () => Promise<() => Promise<Answer>>>> = {
    "client credentials, the client new to the isolate": async () => {
      const client = await registerClient();
      return async () => answered(await askToken(isolate, client));
    },
    "client credentials, the client known": async () => async () => answered(await askToken(isolate, known)),
    "a wrong client secret": async () => async () =>
      answered(await askToken(isolate, { id: known.id, secret: newSecret() })),
    "the key set": async () => async () => answered(await isolate.fetch("/.well-known/jwks.json")),
    "the metadata": async () => async () => answered(await isolate.fetch("/.well-known/openid-configuration")),
    "a refresh token": async () => {
      const [app, user] = await Promise.all([registerApp(), registerUser()]);
      const tokens = await signIn(healthy, user, app);
      return async () => answered(await refresh(isolate, app, tokens.refresh_token));
    },
    "an authorization code": async () => {
      const [app, user] = await Promise.all([registerApp(), registerUser()]);
      const planted = await plantCode(healthy, user, app);
      return async () => answered(await redeem(isolate, app, planted));
    },
    "a revocation": async () => {
      const [app, user] = await Promise.all([registerApp(), registerUser()]);
      const tokens = await signIn(healthy, user, app);
      return async () =>
        answered(await asClient(isolate, app, { token: String(tokens.refresh_token) }, "/oauth2/revoke"));
    },
    "a device authorization": async () => {
      const client = await registerDeviceClient();
      return async () => {
        const told = await asClient(isolate, client, { scope: "openid" }, "/oauth2/device_authorization");
        for (const name of ["device_code", "user_code"]) secret(String(told.json[name] ?? "none at all"));
        return answered(told);
      };
    },
    "an authorization request": async () => {
      const app = await registerApp();
      return async () => answered(await isolate.fetch(`/oauth2/authorize?${query(app)}`, { redirect: "manual" }));
    },
    "a sign-in": async () => {
      const [app, person] = await Promise.all([ownApp(), someone()]);
      return async () => answered(await world.login(app, person.email, PASSWORD));
    },
    "a registration, mail carried on": async () => {
      const app = await ownApp();
      const carried = openFirstParty({ bindings: { ...bound, ...mail } as Environment });
      return async () => {
        const email = `${crypto.randomUUID()}@people.example`;
        return answered(await carried.post("/auth/register", { client_id: app.id, email, password: PASSWORD }));
      };
    },
    UserInfo: async () => {
      const [app, user] = await Promise.all([registerApp(), registerUser()]);
      const tokens = await signIn(healthy, user, app, { terms: { scopes: ["openid", "profile"] } });
      const headers = { authorization: `Bearer ${String(tokens.access_token)}` };
      return async () => answered(await isolate.fetch("/oauth2/userinfo", { headers }));
    },
    "an operator lists clients": async () => () => operator("GET", "/clients"),
    "an operator makes an API key": async () => () =>
      operator("POST", "/keys", { name: "CI", environment: "live", scopes: [] }),
    "an operator lists signing keys": async () => {
      await operator("GET", "/clients");
      return () => operator("GET", "/signing-keys");
    },
    "an operator rotates the signing keys": async () => {
      await operator("GET", "/clients");
      return () => operator("POST", "/signing-keys/rotate", {});
    },
    "an operator reads a key's credits": async () => {
      const credits = { amount: 5, refill: null };
      const made = await (await adminCaller()).call("POST", "/keys", {
        name: "paid",
        environment: "live",
        scopes: [],
        credits,
      });
      if (made.status !== 201) throw new Error(`no key: ${made.text}`);
      secret(made.json.key);
      return () => operator("GET", `/keys/${made.json.id}/credits`);
    },
    "an operator ends a user's sessions": async () => {
      const user = await registerUser();
      return () => operator("DELETE", `/users/${user.id}/sessions`);
    },
  };
  return { broken, prepare: (name) => calls[name]() };
}

function answered({ status, json }: Pick<Told, "status" | "json">): Answer {
  if (typeof json.key === "string") secret(json.key);
  const code = json.error ?? json.code;
  // A page has no code.
  return status < 400 || code === undefined ? `${status}` : `${status} ${String(code)}`;
}

const statement = {
  bind: () => statement,
  first: async () => ({ id: 7, scopes: "all of them" }),
  all: async () => ({ results: [{ id: 7, scopes: "all of them" }], success: true, meta: {} }),
};

/** What each lie is, by the method that is asked. */
export const ISSUER_LIES: Readonly<Record<IssuerLie, (method: string) => unknown>> = {
  "rows that are none": (method) =>
    method === "prepare"
      ? statement
      : [{ results: [{ id: 7, scopes: "all of them" }], success: true, meta: {} }, { results: [] }],
  "answers that are none": () => ({ kind: "whatever", granted: "yes", id: 7 }),
  "keys that are none": () => ({ version: "one", keys: "all" }),
};
