import type { ConfigVariables } from "../../sallyport.config.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { type BenchPolicy, benchPolicy, policyRoutes } from "./bench_policy.ts";

/** How large an installation is. */
export interface BenchSize {
  /** Routes beside those that rows call by name. */
  readonly routes: number;
  /** Issuers that are trusted beside its own, called as `outsideIssuer` says. */
  readonly issuers: number;
  /** One rule and nothing else where absent. */
  readonly policy?: BenchPolicy;
}

const ONE_RULE: BenchPolicy = { audits: 0, relations: false };

/** A route that an installation of any size has, and a call to it. */
export const COMMON_ROUTE = "/service-3/things-0/42";

/** The name of the issuer with the number `at`. */
export function outsideIssuer(at: number): string {
  return `https://issuer-${at}.example.com`;
}

/** An installation that is measured: warm routes without a limit, with a leased and with an exact one, neither of which ever denies. */
export function benchConfig(vars: ConfigVariables, { routes, issuers, policy = ONE_RULE }: BenchSize): ConfigInput {
  const resource = `${vars.GATEWAY_URL}/`;
  const get = { methods: ["GET" as const], origin: "origin", scopes: ["orders:read"] };
  return {
    version: 1,
    issuer: {
      url: vars.ISSUER_URL,
      apis: [{ resource, scopes: { "orders:read": "Read orders" } }],
      // All rows together take longer than a token lives by default.
      accessTokenTtlSeconds: 3_600,
      // Codes are made ahead, and everybody signs in from one address.
      grants: { codeSeconds: 600 },
      lockout: { attemptsPerAddressPerMinute: 1_000_000 },
    },
    gateway: {
      url: vars.GATEWAY_URL,
      resource,
      trustedIssuers: [
        { issuer: vars.ISSUER_URL, keys: "ring" },
        ...Array.from({ length: issuers }, (_, at) => ({
          issuer: outsideIssuer(at),
          keys: { jwksUrl: `${vars.DEMO_ORIGIN_URL}/keys.json` },
        })),
      ],
    },
    origins: { origin: { url: vars.DEMO_ORIGIN_URL, audience: "urn:bench" } },
    limits: {
      exact: { algorithm: "fixed", limit: 1_000_000_000, windowSeconds: 3_600 },
      leased: { algorithm: "fixed", limit: 1_000_000_000, windowSeconds: 3_600, precision: "leased" },
    },
    policy: benchPolicy(policy),
    routes: [
      { ...get, path: "/orders" },
      { ...get, path: "/limited", limits: ["exact"] },
      { ...get, path: "/leased", limits: ["leased"] },
      ...policyRoutes({ ...get, limits: ["leased"] }, policy),
      ...Array.from({ length: routes }, (_, at) => ({
        ...get,
        path: `/service-${at % 50}/things-${Math.floor(at / 50)}/:id`,
      })),
    ],
  };
}
