import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { type Environment, readBindings } from "../../src/bindings.ts";
import { composeReader } from "../../src/compose/control.ts";
import { composeHumanCheck } from "../../src/compose/human.ts";
import { composeAuthorizer, composeRevocations } from "../../src/compose.ts";
import { Kept } from "../../src/kernel/kept.ts";
import { auditedConfig } from "../support/audit_trail.ts";
import { compiled } from "../support/install.ts";
import { NO_USES } from "../support/keys.ts";
import { secret } from "../support/logs.ts";

const environment: Environment = {
  ...readBindings(env),
  KEY_SETS: null,
  ...{ TURNSTILE_SECRET: secret("rewired-turnstile-secret") },
};

/** The same installation with more routes than before, wired after `kept`. */
function wired(kept: Kept, ...paths: readonly string[]) {
  const config = auditedConfig({ "/orders": "all" });
  const settings = compiled({
    ...config,
    captcha: { siteKey: "0x4AAAsite", secretBinding: "TURNSTILE_SECRET", hostnames: ["app.example.com"] },
    issuer: { ...config.issuer, captcha: { login: "always" } },
    routes: [
      ...config.routes,
      ...paths.map((path) => ({ path, methods: ["GET" as const], origin: "main", captcha: { action: "more" } })),
    ],
  });
  const reader = composeReader(environment);
  const revocations = composeRevocations(reader);
  const { gateway } = composeAuthorizer(
    environment,
    settings,
    { reader, revocations, uses: NO_USES, unlisted: null },
    kept,
  );
  const human = composeHumanCheck(environment, settings, kept);
  kept.settle();
  if (human === null || gateway.audit === null) throw new Error("the installation asks for nothing");
  return { gateway, audit: gateway.audit, human };
}

it("what bounds an isolate bounds it over every configuration that it runs", () => {
  const kept = new Kept();
  const before = wired(kept, "/one");
  const after = wired(kept.next(), "/one", "/two");
  expect(after.gateway.gate.routes).not.toBe(before.gateway.gate.routes);
  expect(after.gateway.bodies).toBe(before.gateway.bodies);
  expect(after.audit.trail).toBe(before.audit.trail);
  expect(after.human.service).toBe(before.human.service);
  let waits = 0;
  for (let proof = 0; proof < 100 && waits === 0; proof++) waits = before.human.pace("192.0.2.1", 0);
  expect(waits).toBeGreaterThan(0);
  expect(after.human.pace("192.0.2.1", 0)).toBeGreaterThan(0);
});
