import { readSettings } from "../dev/settings.ts";
import { readCredentials } from "../seed/credentials.ts";
import { isLoopback } from "../seed/local_state.ts";

const DEADLINE_MS = 30_000;

/** The admin API of one installation, with an operator's token. */
export interface AdminApi {
  readonly issuer: string;
  /** The variables of the configuration that this installation runs under, as far as they are known. */
  readonly variables: Readonly<Partial<Record<"ISSUER_URL" | "GATEWAY_URL" | "DEMO_ORIGIN_URL", string>>>;
  /** Calls `path` under `/admin/v1`. Throws `AdminRefusal` where the answer is none of success. */
  call(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<AdminAnswer>;
}

export interface AdminAnswer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** What the admin API would not do, in lines for people. */
export class AdminRefusal extends Error {
  override readonly name = "AdminRefusal";
}

/**
 * The installation at `ISSUER_URL` with the token in `SALLYPORT_ADMIN_TOKEN`, where that is set; else this clone's own, by the
 * credentials that its seed made. A token is taken from the environment alone, where no list of processes shows it.
 */
export async function adminApi(env: NodeJS.ProcessEnv = process.env): Promise<AdminApi> {
  const token = env.SALLYPORT_ADMIN_TOKEN;
  if (token !== undefined && token !== "") {
    const { ISSUER_URL: issuer, GATEWAY_URL, DEMO_ORIGIN_URL } = env;
    // Development's values would be published elsewhere.
    if (!issuer || !GATEWAY_URL || !DEMO_ORIGIN_URL) {
      throw new AdminRefusal(
        "SALLYPORT_ADMIN_TOKEN is set: set ISSUER_URL, GATEWAY_URL and DEMO_ORIGIN_URL too, as they were deployed",
      );
    }
    return apiAt(issuer, token, {});
  }
  const { root, originUrl } = readSettings(env);
  const credentials = readCredentials(root);
  if (credentials === null) {
    throw new AdminRefusal("set ISSUER_URL and SALLYPORT_ADMIN_TOKEN, or begin with `npm start` for this clone's own");
  }
  const { issuer, gateway, admin } = credentials;
  const variables = { ISSUER_URL: issuer, GATEWAY_URL: gateway, DEMO_ORIGIN_URL: originUrl };
  return apiAt(issuer, await tokenOf(issuer, admin), variables);
}

function apiAt(issuer: string, token: string, variables: AdminApi["variables"]): AdminApi {
  guard(issuer);
  return {
    issuer,
    variables,
    call: (method, path, body) =>
      ask(`${issuer}/admin/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
  };
}

async function tokenOf(issuer: string, client: { readonly client_id: string; readonly client_secret: string }) {
  guard(issuer);
  const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString("base64");
  const { json } = await ask(`${issuer}/oauth2/token`, {
    method: "POST",
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "admin", resource: issuer }),
  });
  if (typeof json.access_token !== "string") throw new AdminRefusal("the issuer gave no token");
  return json.access_token;
}

/** A token goes nowhere in the clear but to this machine. */
function guard(issuer: string): void {
  if (!URL.canParse(issuer)) throw new AdminRefusal("ISSUER_URL is not a URL");
  if (new URL(issuer).protocol !== "https:" && !isLoopback(issuer)) {
    throw new AdminRefusal(`${issuer} is not https: no token is sent there`);
  }
}

async function ask(url: string, init: RequestInit): Promise<AdminAnswer> {
  const response = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(DEADLINE_MS) }).catch(
    (error: unknown) => {
      throw new AdminRefusal(`${new URL(url).origin} does not answer: ${String(error)}`);
    },
  );
  const json: AdminAnswer["json"] = await response.json().catch(() => ({}));
  if (response.ok) return { status: response.status, json };
  const faults = Array.isArray(json.errors) ? json.errors.map(({ field, reason }) => `${field}: ${reason}`) : [];
  const told = String(json.detail ?? json.error_description ?? json.title ?? "");
  throw new AdminRefusal([`${response.status} ${String(json.code ?? json.error ?? "")} ${told}`, ...faults].join("\n"));
}
