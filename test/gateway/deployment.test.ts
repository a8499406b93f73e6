import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { expect, it } from "vitest";
import { DeploymentFault } from "../../src/bindings.ts";
import { serve } from "../../src/dispatch.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();

async function ask(fault: Error) {
  const ctx = createExecutionContext();
  const deployment = serve(() => {
    throw fault;
  });
  const response = await deployment.fetch(new Request("http://localhost:8787/public/health"), {}, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

it.each([
  [new DeploymentFault("the binding SIGNING_KEK is missing"), 503, "temporarily_unavailable", "deployment_fault"],
  [new TypeError("x is undefined"), 500, "internal_error", "internal_error"],
])(
  "ASVS 16.5.4: %s while the apps are composed is a problem that says nothing of it",
  async (fault, status, code, event) => {
    const response = await ask(fault);
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ code, status });
    expect(text).not.toContain(fault.message);
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(logs.events(event).at(-1)).toMatchObject({ error: fault.message });
  },
);
