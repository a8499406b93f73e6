import type { ConfigInput } from "../../src/config/schema.ts";
import { GATEWAY_URL, gatewayConfig, ISSUER_URL } from "./gateway_config.ts";
import { type Installation, type InstallationWishes, install, type RequestWishes } from "./install.ts";
import { secret as unloggable } from "./logs.ts";
import { formToken } from "./pages_world.ts";

/** A page of the same site on another host, which one route lets in. */
export const NEIGHBOUR = "https://app.api.test";
export const EVIL = "https://evil.test";
export const SESSION_COOKIE = "__Host-sallyport_session";
export const ACTING = { origin: GATEWAY_URL, "sallyport-csrf": "1" } as const;

/** Issuer and gateway on one host, with routes that a session opens. */
export function sessionConfig(): ConfigInput {
  const config = gatewayConfig();
  const both = { origin: "main", credentials: ["bearer" as const, "session" as const] };
  config.issuer.url = GATEWAY_URL;
  config.gateway.trustedIssuers = config.gateway.trustedIssuers.map((trusted) =>
    trusted.issuer === ISSUER_URL ? { ...trusted, issuer: GATEWAY_URL } : trusted,
  );
  config.gateway.session = { scopes: ["orders:read"] };
  config.routes.push(
    { ...both, path: "/basket", methods: ["GET", "POST", "PUT", "PATCH", "DELETE"] },
    { ...both, path: "/session/orders", methods: ["GET"], scopes: ["orders:read"] },
    { ...both, path: "/session/managers", methods: ["GET"], roles: ["manager"] },
    { ...both, path: "/session/only", methods: ["GET"], credentials: ["session"] },
    { ...both, path: "/session/key", methods: ["GET"], credentials: ["secret_key", "session"] },
    { ...both, path: "/session/socket", methods: ["GET"], webSocket: { origins: [GATEWAY_URL, NEIGHBOUR] } },
    { ...both, path: "/session/limited", methods: ["GET"], limits: ["ping"] },
    { ...both, path: "/session/audited", methods: ["GET"], audit: "all" },
    {
      ...both,
      path: "/shared",
      methods: ["GET", "POST"],
      cors: { origins: [NEIGHBOUR], credentials: true },
    },
  );
  return config;
}

/** An isolate of `sessionConfig`. */
export function sessionGate(wishes: InstallationWishes = {}): Installation {
  return install({ config: sessionConfig(), ...wishes });
}

/** A browser with a jar, whose calls go to one isolate after another as the test says. */
export class SessionBrowser {
  readonly jar = new Map<string, string>();
  readonly #address = crypto.randomUUID();

  /** Calls `path` with all cookies, as a page of the gate's own host does with `ACTING`. */
  async go(gate: Installation, path: string, init: RequestWishes = {}): Promise<Response> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { "cf-connecting-ip": this.#address, ...(cookie !== "" && { cookie }), ...init.headers };
    const response = await gate.fetch(path, { ...init, headers });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  /** Posts one of the issuer's own forms, with the token of the page at `from`. */
  async submit(gate: Installation, from: string, path: string, fields: Readonly<Record<string, string>> = {}) {
    const page = await (await this.go(gate, from)).text();
    const body = new URLSearchParams({ form_token: formToken(page), ...fields });
    return this.go(gate, path, { method: "POST", body, headers: { origin: GATEWAY_URL } });
  }

  async signIn(gate: Installation, email: string, password: string): Promise<void> {
    const response = await this.submit(gate, "/login", "/login", { email, password });
    if (response.status !== 303) throw new Error(`sign-in answered ${response.status}`);
  }

  get session(): string {
    return this.jar.get(SESSION_COOKIE) ?? "";
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split("; ");
    const at = pair.indexOf("=");
    if (attributes.includes("Max-Age=0")) this.jar.delete(pair.slice(0, at));
    else this.jar.set(pair.slice(0, at), pair.slice(at + 1));
    if (pair.startsWith(`${SESSION_COOKIE}=sps_`)) unloggable(pair.slice(at + 1));
  }
}
