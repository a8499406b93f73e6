import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { onTestFinished } from "vitest";
import { adminApp } from "../../src/admin/app.ts";
import { type Environment, need, readBindings } from "../../src/bindings.ts";
import { composeAdmin, composeIssuer, composeReader } from "../../src/compose/control.ts";
import { composeConfigReader, liveApps } from "../../src/compose/live.ts";
import { composeShadowRecords } from "../../src/compose/shadow.ts";
import { bundledText } from "../../src/compose/stores.ts";
import { composeAuthorizer, composeRevocations } from "../../src/compose.ts";
import { serve } from "../../src/dispatch.ts";
import { issuerApp } from "../../src/issuer/app.ts";
import type { ConfigReader } from "../../src/ports/config_reader.ts";
import { mintToken, type ToldBody } from "./admin_world.ts";
import type { MutableConfig } from "./changed_config.ts";
import { NO_USES } from "./keys.ts";

export const HOST = "http://localhost:8787";
const bindings = readBindings(env);

/** What a test changes of an isolate. */
export interface LiveWishes {
  readonly env?: Environment;
  readonly reader?: (real: ConfigReader) => ConfigReader;
}

/** One isolate that follows what is published, wired as `src/worker.ts` wires one. */
export interface LiveIsolate {
  fetch(path: string, init?: RequestInit): Promise<Response>;
  status(path: string, init?: RequestInit): Promise<number>;
  /** Waits for all work that requests left behind. */
  settled(): Promise<void>;
  /** One call of the admin API, by an operator. */
  administer(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly json: ToldBody }>;
}

/** Opens an isolate with empty memory on this file's D1, KV and objects. */
export function openLive(wishes: LiveWishes = {}): LiveIsolate {
  const environment: Environment = { ...bindings, KEY_SETS: null, ...wishes.env };
  const deployment = serve((given) => {
    const reader = composeReader(given);
    const feed = composeRevocations(reader);
    const real = composeConfigReader(given);
    const configs = wishes.reader?.(real) ?? real;
    return liveApps(given, feed, configs, (config, { kept, hash, running }) => ({
      issuer: issuerApp(composeIssuer(given, config, feed, kept)),
      admin: adminApp(composeAdmin(given, config, feed, kept, running)),
      authorizer: composeAuthorizer(
        given,
        config,
        {
          reader,
          revocations: feed,
          uses: NO_USES,
          unlisted: null,
          shadow: { records: composeShadowRecords(given), snapshots: configs },
        },
        kept,
        hash,
      ),
    }));
  });
  const left: ExecutionContext[] = [];
  const settled = async () => {
    await Promise.all(left.splice(0).map((ctx) => waitOnExecutionContext(ctx)));
  };
  onTestFinished(settled);
  const fetch = async (path: string, init: RequestInit = {}) => {
    const ctx = createExecutionContext();
    left.push(ctx);
    return deployment.fetch(new Request(`${HOST}${path}`, { redirect: "manual", ...init }), environment, ctx);
  };
  return {
    fetch,
    settled,
    async status(path, init) {
      const response = await fetch(path, init);
      await response.text();
      return response.status;
    },
    async administer(method, path, body) {
      const headers = { authorization: `Bearer ${await mintToken()}`, "content-type": "application/json" };
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(`/admin/v1${path}`, { method, headers, ...sent });
      return { status: response.status, json: await response.json<ToldBody>() };
    },
  };
}

/** The configuration that is deployed in tests, after `change`. */
export function demoConfig(change: (config: MutableConfig) => void = () => undefined): MutableConfig {
  const config: MutableConfig = JSON.parse(bundledText(env));
  change(config);
  return config;
}

/** The demo's route `path` for GET. */
export function routeOf(config: MutableConfig, path: string): Record<string, unknown> {
  const route = config.routes.find((one) => one.path === path && one.methods.includes("GET"));
  if (route === undefined) throw new Error(`the demo has no ${path}`);
  return route;
}

/** Publishes `config` over what runs. Throws unless it is done. */
export async function publish(isolate: LiveIsolate, config: object): Promise<{ version: number; hash: string }> {
  const { current } = (await isolate.administer("GET", "/config")).json as unknown as {
    current: { version: number } | null;
  };
  const told = await isolate.administer("POST", "/config", { config, parent: current?.version ?? 0 });
  if (told.status !== 200) throw new Error(`${told.status}: ${JSON.stringify(told.json)}`);
  return told.json as unknown as { version: number; hash: string };
}

/** The copies of snapshots, for looking and writing behind Sallyport's back. */
export const copies = need(bindings, "API_KEYS");
