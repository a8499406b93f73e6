import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Argon2Passwords } from "../../src/adapters/argon2_passwords.ts";
import { DurableObjectGuesses } from "../../src/adapters/objects/guesses.ts";
import { need } from "../../src/bindings.ts";
import { installedConfig } from "../../src/compose/stores.ts";
import type { LockoutConfig } from "../../src/config/schema.ts";
import { issuerApp } from "../../src/issuer/app.ts";
import type { People } from "../../src/issuing/people.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { GrantLifetimes } from "../../src/ports/accounts.ts";
import type { UserRecord } from "../../src/ports/users.ts";
import { type AppWishes, configuredLifetimes, registerApp, registerPublicApp, registerUser } from "./grant_world.ts";
import {
  bindings,
  ISSUER_URL,
  type IsolateWishes,
  openIsolate,
  type RegisteredClient,
  readWhole,
  type Told,
} from "./issuer_world.ts";
import { secret } from "./logs.ts";
import { withWhatIsBehind } from "./silence.ts";

/** The cheapest cost that an installation can be configured for: real hashes, at the real price. */
const passwords = new Argon2Passwords({ memoryKiB: 19_456, passes: 1, random: platformRandom });

export const PASSWORD = secret("teal gravel mitten otter");
let passwordHash: Promise<string> | undefined;

/** A person who can sign in with `PASSWORD`. */
export async function someone(wishes: Partial<UserRecord> = {}): Promise<UserRecord> {
  passwordHash ??= passwords.hash(PASSWORD);
  return registerUser({ passwordHash: await passwordHash, ...wishes });
}

/** A public client that may use `/auth/*`. */
export function ownApp(wishes: AppWishes = {}): Promise<RegisteredClient> {
  return registerPublicApp({ ...wishes, person: { firstParty: true, ...wishes.person } });
}

/** A confidential one. */
export function ownServer(wishes: AppWishes = {}): Promise<RegisteredClient> {
  return registerApp({ ...wishes, person: { firstParty: true, ...wishes.person } });
}

export interface FirstPartyWishes extends IsolateWishes {
  readonly lockout?: Partial<LockoutConfig>;
  readonly lifetimes?: Partial<GrantLifetimes>;
  readonly people?: Partial<People>;
}

export type FirstPartyWorld = ReturnType<typeof openFirstParty>;

/** An isolate of the issuer with its first-party endpoints. Without wishes an address may try as often as a test needs. */
export function openFirstParty({ lockout: wanted, lifetimes, people: changes, ...wishes }: FirstPartyWishes = {}) {
  const isolate = openIsolate(wishes);
  const { parts } = isolate;
  const { desks } = parts;
  const lockout = { ...installedConfig(env).issuer.lockout, attemptsPerAddressPerMinute: 1_000, ...wanted };
  const people: People = {
    ...desks.pages.people,
    passwords,
    guesses: new DurableObjectGuesses(need({ ...bindings, ...wishes.bindings }, "GUESSES"), lockout),
    ...changes,
  };
  const authorizing = {
    ...desks.authorization.authorizing,
    lifetimes: { ...configuredLifetimes(), ...lifetimes },
  };
  const changed = {
    pages: { ...desks.pages, people },
    authorization: { ...desks.authorization, authorizing },
  };
  const app = issuerApp({ ...parts, desks: changed });
  async function send(path: string, init: RequestInit): Promise<Told> {
    const ctx = createExecutionContext();
    const request = new Request(new URL(path, ISSUER_URL), init);
    const told = await withWhatIsBehind(ctx, async () => readWhole(await app.fetch(request, {}, ctx)));
    for (const name of ["access_token", "refresh_token", "id_token"]) {
      const value = told.json[name];
      if (typeof value === "string") secret(value);
    }
    return told;
  }
  function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
    const sent = { "content-type": "application/json", "cf-connecting-ip": nextAddress(), ...headers };
    return send(path, { method: "POST", headers: sent, body: typeof body === "string" ? body : JSON.stringify(body) });
  }
  return {
    isolate,
    people,
    /** The issuer's app, pages included. */
    app,
    /** Sends anything. */
    send,
    /** Posts JSON, text as it is, from an address that nobody used yet. */
    post,
    login(client: Pick<RegisteredClient, "id">, email: string, password = PASSWORD, more: object = {}) {
      return post("/auth/login", { client_id: client.id, email, password, ...more });
    },
    refresh(client: Pick<RegisteredClient, "id">, refreshToken: unknown, more: object = {}) {
      return post("/auth/refresh", { client_id: client.id, refresh_token: refreshToken, ...more });
    },
    logout(client: Pick<RegisteredClient, "id">, refreshToken: unknown, more: object = {}) {
      return post("/auth/logout", { client_id: client.id, refresh_token: refreshToken, ...more });
    },
    /** What the gate says to an access token. */
    async atGate(token: unknown): Promise<number> {
      return (await isolate.fetch("/orders", { headers: { authorization: `Bearer ${String(token)}` } })).status;
    },
  };
}

let addresses = 0;

/** An address that no earlier call of this file came from. */
export function nextAddress(): string {
  addresses += 1;
  return `198.18.${Math.floor(addresses / 256)}.${addresses % 256}`;
}
