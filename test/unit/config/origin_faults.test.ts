import { expect, it } from "vitest";
import { changed, faultsOf } from "../../support/changed_config.ts";

const ONWARD = {
  tokenUrl: "https://tokens.example.com/token",
  clientId: "gate",
  clientSecretBinding: "BILLING_SECRET",
};
const HTTPS = "https://billing.example.com";

function withOrigin(settings: object): string[] {
  return faultsOf(
    changed(({ origins }) => {
      origins.main = { ...origins.main, ...settings };
    }),
  );
}

it.each([
  {},
  { maxConcurrent: 1 },
  { breaker: {} },
  { retries: {} },
  { retries: { methods: ["DELETE"], on: ["unreachable", 503], budgetPercent: 0 } },
  { url: HTTPS, onward: ONWARD },
  { url: HTTPS, onward: { ...ONWARD, tokenUrl: "https://partner.test/token" } },
])("right: %j", (settings) => {
  expect(withOrigin(settings)).toEqual([]);
});

it.each([
  [{ maxConcurrent: 0 }, "origins.main.maxConcurrent"],
  [{ breaker: { failurePercent: 0 } }, "origins.main.breaker.failurePercent"],
  [{ breaker: { failureStatuses: [404] } }, "origins.main.breaker.failureStatuses[0]"],
  [{ breaker: { halfOpen: 1 } }, "origins.main.breaker"],
  [{ retries: { methods: ["POST"] } }, "origins.main.retries.methods[0]"],
  [{ retries: { on: [500] } }, "origins.main.retries.on[0]"],
  [{ retries: { maxAttempts: 1 } }, "origins.main.retries.maxAttempts"],
  [{ retries: { budgetPercent: 0, budgetPerSecond: 0 } }, "origins.main.retries: earns nothing"],
  [{ retries: { backoffMs: 1_500 } }, "origins.main.retries.backoffMs: must not be above"],
  [{ timeoutMs: 50, retries: {} }, "origins.main.retries.backoffMs: must lie below"],
  [{ onward: ONWARD }, "origins.main.url: must be https"],
  [{ url: HTTPS, onward: { ...ONWARD, clientSecretBinding: "lower" } }, "origins.main.onward.clientSecretBinding"],
  [{ url: HTTPS, onward: { ...ONWARD, clientSecret: "in the file" } }, "origins.main.onward"],
  [{ url: HTTPS, onward: { ...ONWARD, scope: ["two words"] } }, "origins.main.onward.scope[0]"],
] as const)("wrong: %j", (settings, fault) => {
  expect(withOrigin(settings)).toEqual([expect.stringContaining(fault)]);
});

it.each([
  "http://tokens.example.com/token",
  "https://169.254.169.254/latest/meta-data",
  "https://2130706433/token",
  "https://[::1]/token",
  "https://10.0.0.1/token",
  "https://localhost/token",
  "https://keys.internal/token",
])("OWASP API7: %s is not asked for a token", (tokenUrl) => {
  const faults = withOrigin({ url: HTTPS, onward: { ...ONWARD, tokenUrl } });
  expect(faults).toEqual([expect.stringMatching(/^origins\.main\.onward\.tokenUrl: is not called: url_/)]);
});
