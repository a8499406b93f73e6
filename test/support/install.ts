import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { onTestFinished } from "vitest";
import { authorizeCall } from "../../src/authorizer/authorization.ts";
import type { AuthorizerParts } from "../../src/authorizer/authorizer.ts";
import type { Environment } from "../../src/bindings.ts";
import { readBindings } from "../../src/bindings.ts";
import { composeHosts } from "../../src/compose/config.ts";
import { composeIssuer, composeReader } from "../../src/compose/control.ts";
import type { ShadowSide } from "../../src/compose/shadow.ts";
import { composeAuthorizer, composeRevocations } from "../../src/compose.ts";
import { type CompiledConfig, compileConfig } from "../../src/config/compile.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { dispatch } from "../../src/dispatch.ts";
import { issuerApp } from "../../src/issuer/app.ts";
import type { AskedRequest, AskingShape, AuthorizationDecision } from "../../src/ports/authorization.ts";
import type { FeedFollower } from "../../src/ports/edge_feed.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import type { KeyUseRecords } from "../../src/ports/key_uses.ts";
import type { UnlistedCallRecords } from "../../src/ports/unlisted_calls.ts";
import { PLAIN_TLS } from "./connections.ts";
import { GATEWAY_URL, gatewayConfig } from "./gateway_config.ts";
import { NO_USES } from "./keys.ts";

/** What a test changes of an installation. */
export interface InstallationWishes {
  readonly config?: ConfigInput;
  /** Bindings in the place of the real ones. Isolates of tests leave each other no copies of keys, unless they say so. */
  readonly env?: Environment;
  readonly reader?: (real: IssuerReader) => IssuerReader;
  readonly revocations?: (reader: IssuerReader) => FeedFollower;
  /** Who hears of uses of keys, and of calls that no route lists. Nobody, unless a test says so. */
  readonly uses?: KeyUseRecords;
  readonly unlisted?: UnlistedCallRecords;
  /** What is tried beside what runs, and who hears of differences. Nothing and nobody, unless a test says so. */
  readonly shadow?: ShadowSide;
}

export interface RequestWishes extends Omit<RequestInit, "headers" | "cf"> {
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  /** What the platform says beside TLS 1.3 and no certificate, or instead; null for a platform that says nothing. */
  readonly cf?: Readonly<Record<string, unknown>> | null;
}

/** One isolate's worth of Sallyport on this file's real D1, KV and Durable Objects. */
export interface Installation {
  readonly config: CompiledConfig;
  readonly authorizer: AuthorizerParts;
  /** Sends a request; a path goes to the gateway's host. */
  fetch(pathOrUrl: string, init?: RequestWishes): Promise<Response>;
  /** Asks about a call, as another Worker does over its binding; where no `cf` is given, one that came by TLS 1.3. */
  authorize(asked: AskedRequest, shape?: AskingShape): Promise<AuthorizationDecision>;
  /** Waits for all work that requests left behind. */
  settled(): Promise<void>;
}

/** `config` compiled; a test's own fault otherwise. */
export function compiled(config: ConfigInput): CompiledConfig {
  const result = compileConfig(config);
  if (!result.ok) throw new Error(result.error.map(({ path, reason }) => `${path}: ${reason}`).join("; "));
  return result.value;
}

/** Installs Sallyport the way the one-Worker entry does: each call is an isolate of its own, with empty caches. */
export function install(wishes: InstallationWishes = {}): Installation {
  const config = compiled(wishes.config ?? gatewayConfig());
  const environment: Environment = { ...readBindings(env), KEY_SETS: null, ...wishes.env };
  const real = composeReader(environment);
  const reader = wishes.reader?.(real) ?? real;
  const revocations = wishes.revocations?.(reader) ?? composeRevocations(reader);
  const authorizer = composeAuthorizer(environment, config, {
    reader,
    revocations,
    uses: wishes.uses ?? NO_USES,
    unlisted: wishes.unlisted ?? null,
    ...(wishes.shadow && { shadow: wishes.shadow }),
  });
  const issuer = issuerApp(composeIssuer(environment, config, revocations));
  const apps = { ...composeHosts(config), issuer, admin: null, authorizer };
  const contexts: ExecutionContext[] = [];
  const settled = async () => {
    await Promise.all(contexts.splice(0).map((ctx) => waitOnExecutionContext(ctx)));
  };
  onTestFinished(settled);
  return {
    config,
    authorizer,
    fetch(pathOrUrl, { headers, cf = {}, ...init } = {}) {
      const url = pathOrUrl.startsWith("/") ? `${GATEWAY_URL}${pathOrUrl}` : pathOrUrl;
      const ctx = createExecutionContext();
      contexts.push(ctx);
      const sent = new Headers();
      const entries = Symbol.iterator in (headers ?? {}) ? headers : Object.entries(headers ?? {});
      for (const [name, value] of entries as readonly (readonly [string, string])[]) sent.append(name, value);
      return dispatch(
        new Request(url, { redirect: "manual", ...init, headers: sent, ...(cf && { cf: { ...PLAIN_TLS, ...cf } }) }),
        ctx,
        apps,
      );
    },
    async authorize(asked, shape = "rpc") {
      const ctx = createExecutionContext();
      contexts.push(ctx);
      // What crosses a binding is a copy, of plain data alone.
      const { method, url, headers, cf = PLAIN_TLS } = asked;
      const sent = structuredClone({ method, url, headers: [...headers], cf });
      return structuredClone(await authorizeCall(sent, shape, ctx, authorizer.decisions));
    },
    settled,
  };
}
