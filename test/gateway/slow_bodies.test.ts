import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { FailureBudget } from "../../src/access/failure_budget.ts";
import { KeyUses } from "../../src/access/key_uses.ts";
import { need, readBindings } from "../../src/bindings.ts";
import type { FeedEntry } from "../../src/protocol/edge_feed.ts";
import { contractConfig } from "../support/contract_config.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

describe("a body that comes slowly", () => {
  const START = Date.parse("2026-11-03T00:00:00Z");

  beforeEach(() => {
    vi.setSystemTime(START);
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** Sends a body whose end comes `lateMs` after its beginning, once `meanwhile` is done. */
  async function slowly(
    lateMs: number,
    claims: Readonly<Record<string, unknown>> = {},
    meanwhile: () => Promise<unknown> = async () => undefined,
    credential?: Readonly<Record<string, string>>,
  ) {
    let identity: string | null = null;
    network.origin((request) => {
      identity = request.headers.get("sallyport-identity");
      return Response.json({ id: "1", name: "made" }, { status: 201 });
    });
    const chunks = ['{"name":', '"x"}'].map((text) => new TextEncoder().encode(text));
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (chunks.length === 1) {
          await meanwhile();
          vi.setSystemTime(START + lateMs);
        }
        const next = chunks.shift();
        return next === undefined ? controller.close() : controller.enqueue(next);
      },
    });
    const headers = { ...(credential ?? bearer(await token(ring, claims))), "content-type": "application/json" };
    const response = await install({ config: contractConfig() }).fetch("/items", { method: "POST", headers, body });
    return { response, identity: identity as string | null };
  }

  it("goes on with an identity that is as young as any", async () => {
    const { response, identity } = await slowly(59_000);
    expect(response.status).toBe(201);
    const { iat, exp } = JSON.parse(atob(identity?.split(".")[1] ?? ""));
    expect([iat, exp]).toEqual([START / 1000 + 59, START / 1000 + 119]);
  });

  it("does not keep a token alive that ends meanwhile", async () => {
    const exp = START / 1000 + 30;
    const { response, identity } = await slowly(59_000, { exp, iat: START / 1000 - 1 });
    expect([response.status, identity]).toEqual([401, null]);
    expect(response.headers.get("www-authenticate")).toContain("invalid_token");
    expect(await problemOf(response)).toMatchObject({ code: "token_expired" });
    expect(logs.lastDecision).toMatchObject({ outcome: "denied", reason: "token_expired", status: 401 });
  });

  it("does not hide a caller from a revocation", async () => {
    const grant: FeedEntry = { kind: "token", id: "slow", epoch: 1, untilMs: START + 3_600_000 };
    const feed = need(readBindings(env), "EDGE_FEED").getByName("one");
    const failures = vi.spyOn(FailureBudget.prototype, "fail");
    const { response, identity } = await slowly(4_000, { jti: "slow" }, () => feed.append([grant]));
    expect(failures).not.toHaveBeenCalled();
    expect([response.status, identity]).toEqual([401, null]);
    expect(logs.lastDecision).toMatchObject({
      outcome: "denied",
      reason: "token_revoked",
      principal_id: expect.anything(),
    });
  });

  it("does not hide a key that is disabled meanwhile, and its second look is no second use", async () => {
    const uses = vi.spyOn(KeyUses.prototype, "note");
    const { key, record } = await storedKey();
    const kept = await slowly(4_000, {}, undefined, { "x-api-key": key });
    expect([kept.response.status, uses.mock.calls.length]).toEqual([201, 1]);
    vi.setSystemTime(START);
    const feed = need(readBindings(env), "EDGE_FEED").getByName("one");
    const entry: FeedEntry = { kind: "api_key", id: record.id, epoch: 9, untilMs: START + 3_600_000 };
    const { response } = await slowly(4_000, {}, () => feed.append([entry]), { "x-api-key": key });
    expect([response.status, logs.lastDecision?.principal_id]).toEqual([401, record.id]);
  });
});
