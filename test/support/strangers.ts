import { env } from "cloudflare:workers";
import { need, readBindings } from "../../src/bindings.ts";
import { installedConfig } from "../../src/compose/stores.ts";
import type { LockoutConfig } from "../../src/config/schema.ts";
import { breakable } from "./breakable.ts";
import { type Isolate, openIsolate, type RegisteredClient, type Told } from "./issuer_world.ts";
import { basic, type Parameters, postForm } from "./token_requests.ts";

/** An isolate with budgets of a test's own, whose counts can be taken down, and are told when they are asked. */
export function openBudgets(lockout: Partial<LockoutConfig> = {}) {
  const installed = installedConfig(env);
  const config = {
    ...installed,
    issuer: { ...installed.issuer, lockout: { ...installed.issuer.lockout, ...lockout } },
  };
  const guesses = breakable(need(readBindings(env), "GUESSES"));
  return { isolate: openIsolate({ config, bindings: { GUESSES: guesses.binding } }), guesses };
}

let addresses = 0;

/** An address that no earlier call of this file came from. */
export function someAddress(): string {
  addresses += 1;
  return `198.19.${Math.floor(addresses / 256)}.${addresses % 256}`;
}

/** Posts `form` from `address`, as `client` with `secret`; an empty secret is a public client's. */
export function callAs(
  isolate: Pick<Isolate, "fetch">,
  address: string,
  { id, secret }: Pick<RegisteredClient, "id" | "secret">,
  form: Parameters,
  path = "/oauth2/token",
): Promise<Told> {
  const from = { "cf-connecting-ip": address };
  return secret === ""
    ? postForm(isolate, path, { client_id: id, ...form }, from)
    : postForm(isolate, path, form, { ...from, authorization: basic({ id, secret }) });
}
