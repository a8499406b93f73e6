import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { expect, it, onTestFinished, vi } from "vitest";
import { DeploymentFault } from "../../src/bindings.ts";
import { type Apps, serve } from "../../src/dispatch.ts";
import { captureLogs } from "../support/logs.ts";

const logs = captureLogs();
const NOBODY: Apps = { issuerHosts: new Set(), gatewayHosts: new Set(), issuer: null, admin: null, authorizer: null };

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

it("what an isolate begins and could not is tried again behind a request of the next minute, and once it is done no more", async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const begin = vi.fn(async () => false);
  const deployment = serve(() => ({ at: () => NOBODY, rescue: () => NOBODY }), begin);
  const call = async () => {
    const ctx = createExecutionContext();
    expect((await deployment.fetch(new Request("http://localhost:8787/"), {}, ctx)).status).toBe(421);
    await waitOnExecutionContext(ctx);
  };
  for (let count = 0; count < 3; count++) await call();
  expect(begin, "not for each request").toHaveBeenCalledTimes(1);
  begin.mockResolvedValue(true);
  vi.setSystemTime(Date.now() + 60_000);
  await call();
  expect(begin).toHaveBeenCalledTimes(2);
  vi.setSystemTime(Date.now() + 600_000);
  await call();
  expect(begin, "done").toHaveBeenCalledTimes(2);
});
