import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { expectProblem } from "../support/expect_problem.ts";
import { openFirstParty, ownApp, PASSWORD, someone } from "../support/first_party_world.ts";
import { ISSUER_URL, migrate, type RegisteredClient, type Told } from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";

const PATHS = ["/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"] as const;
const world = openFirstParty();
const logs = captureLogs();
let app: RegisteredClient;
let login: { readonly client_id: string; readonly email: string; readonly password: string };

beforeAll(async () => {
  await migrate();
  app = await ownApp();
  login = { client_id: app.id, email: (await someone()).email, password: PASSWORD };
});

function post(body: string, headers: Readonly<Record<string, string>> = {}, path = "/auth/login"): Promise<Told> {
  return world.post(path, body, headers);
}

async function expectWorks(headers: Readonly<Record<string, string>> = {}): Promise<void> {
  expect((await post(JSON.stringify(login), headers)).status).toBe(200);
}

describe("what a browser on another site can send does nothing (V3.5.1, V3.5.2)", () => {
  it.each(PATHS)("%s: a simple request's types are refused, the same body as JSON is read", async (path) => {
    const body = JSON.stringify(login);
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "",
      "*/*",
    ]) {
      expectProblem(await post(body, { "content-type": type }, path), 415, "unsupported_media_type");
    }
    expect((await post(body, { "content-type": "application/json" }, path)).status).not.toBe(415);
  });

  it.each([
    ["another site", { origin: "https://evil.test" }],
    ["a sandboxed frame", { origin: "null" }],
    ["our name with something behind it", { origin: `${ISSUER_URL}.evil.test` }],
    ["our host on another port", { origin: "http://localhost:9999" }],
    ["no origin, and yet another site", { "sec-fetch-site": "cross-site" }],
  ])("a page of %s is refused before the password is looked at", async (_, headers) => {
    expectProblem(await post(JSON.stringify(login), headers), 403, "origin_foreign");
    expect(logs.events("sign_in_refused")).toMatchObject([{ reason: "origin_foreign" }]);
  });

  it("the issuer's own origin and an app without one are served", async () => {
    await expectWorks();
    await expectWorks({ origin: ISSUER_URL, "sec-fetch-site": "same-origin" });
  });

  it.each(PATHS)("%s: no CORS, neither in a preflight nor in an answer", async (path) => {
    const preflight = {
      origin: "https://evil.test",
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const told = await world.send(path, { method: "OPTIONS", headers: preflight });
    expectProblem(told, 405, "method_not_allowed");
    const answer = await post(JSON.stringify(login), { origin: ISSUER_URL }, path);
    for (const { headers } of [told, answer]) {
      expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  it.each(PATHS)("%s: other methods are 405 with Allow, and do nothing", async (path) => {
    for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH"]) {
      const body = method === "GET" || method === "HEAD" ? {} : { body: JSON.stringify(login) };
      const told = await world.send(path, { method, ...body });
      expect([told.status, told.headers.get("allow")]).toEqual([405, "POST"]);
    }
  });
});

describe("bodies are read strictly", () => {
  it.each<[string, (good: string) => string]>([
    ["no JSON", () => "client_id=1"],
    ["nothing", () => ""],
    ["cut off", (good) => good.slice(0, -1)],
    ["a member twice", (good) => good.replace("{", `{"email":"ada@example.com",`)],
    ["a member twice, spelled with an escape", (good) => good.replace("{", `{"\\u0065mail":"ada@example.com",`)],
    ["something behind it", (good) => `${good}{}`],
    ["a byte order mark", (good) => `\ufeff${good}`],
    ["100,000 levels", (good) => good.replace("{", `{"x":${"[".repeat(30_000)}${"]".repeat(30_000)},`)],
  ])("%s", async (_, change) => {
    expectProblem(await post(change(JSON.stringify(login))), 400, "invalid_json");
    expect(logs.events("sign_in_refused")).toMatchObject([{ reason: "invalid_json", error: "invalid_json" }]);
    await expectWorks();
  });

  it("more than 64 KiB is refused, just less is read", async () => {
    const padded = (bytes: number) => JSON.stringify(login).padEnd(bytes, " ");
    expectProblem(await post(padded(64 * 1024 + 1)), 413, "body_too_large");
    expect((await post(padded(64 * 1024))).status).toBe(200);
  });

  it.each([
    ["content-encoding", "gzip"],
    ["content-type", "application/json; charset=utf-16"],
    ["content-type", "application/json-patch+json"],
  ])("%s: %s is refused", async (name, value) => {
    expectProblem(await post(JSON.stringify(login), { [name]: value }), 415, "unsupported_media_type");
    await expectWorks({ "content-type": "Application/JSON; charset=UTF-8" });
  });

  it.each(["password", "refresh_token", "client_secret", "email", "client_id"])(
    "%s in the URL is refused, and not logged",
    async (name) => {
      const path = `/auth/login?${name}=in-the-url`;
      expectProblem(await post(JSON.stringify(login), {}, path), 400, "credential_in_query");
      expect(logs.lines.join("\n")).not.toContain("in-the-url");
      expect((await post(JSON.stringify(login), {}, "/auth/login?lang=en")).status).toBe(200);
    },
  );
});

describe("fields", () => {
  it.each<[string, unknown, string, string]>([
    ["a missing field", { email: undefined }, "email", "is required"],
    ["null", { password: null }, "password", "must be a string"],
    ["a number", { client_id: 7 }, "client_id", "must be a string"],
    ["a list", { email: ["ada@example.com"] }, "email", "must be a string"],
    ["an object", { password: { $ne: "" } }, "password", "must be a string"],
    ["an empty one", { password: "" }, "password", "must not be empty"],
    ["an empty secret", { client_secret: "" }, "client_secret", "must not be empty"],
    ["an unknown one", { remember: "yes" }, "remember", "is not known here"],
    ["a role", { roles: ["admin"] }, "roles", "is not known here"],
  ])("%s is named", async (_, change, field, reason) => {
    const told = await post(JSON.stringify({ ...login, ...(change as object) }));
    expectProblem(told, 400, "validation_failed");
    expect(told.json.errors).toEqual([{ field, reason }]);
    expect(told.text).not.toContain(PASSWORD);
    await expectWorks();
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("%s is a field like any other", async (name) => {
    const body = JSON.stringify(login).replace("{", `{"${name}":{"client_id":"x"},`);
    const told = await post(body);
    expectProblem(told, 400, "validation_failed");
    expect(told.json.errors).toEqual([{ field: name, reason: "is not known here" }]);
    expect((Object.prototype as Record<string, unknown>).client_id).toBeUndefined();
  });

  it.each(["[]", "null", "7", `"text"`, "true"])("%s is no object", async (body) => {
    const told = await post(body);
    expectProblem(told, 400, "validation_failed");
    expect(told.json.errors).toEqual([{ field: "body", reason: "must be an object" }]);
  });

  it("refresh and logout want theirs", async () => {
    for (const path of ["/auth/refresh", "/auth/logout"]) {
      const told = await world.post(path, { client_id: app.id });
      expectProblem(told, 400, "validation_failed");
      expect(told.json.errors).toEqual([{ field: "refresh_token", reason: "is required" }]);
    }
  });

  it("V3.2.1: input that looks like a page comes back as JSON alone, cut to size", async () => {
    const name = `<script>alert(1)</script>${"x".repeat(10_000)}`;
    const told = await post(JSON.stringify({ ...login, [name]: 1 }), { accept: "text/html" });
    expectProblem(told, 400, "validation_failed");
    expect(told.text.length).toBeLessThan(1_000);
    expect(told.headers.get("content-security-policy")).toContain("default-src 'none'");
  });

  it("whatever JSON comes: a decided answer, never a fault of ours, never a token", async () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: "binary" }));
    const body = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record({ client_id: value, refresh_token: value }),
      fc.record({ client_id: fc.constant(undefined), email: value, password: value }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PATHS), body, async (path, sent) => {
        const complete =
          typeof sent === "object" && sent !== null && "client_id" in sent && sent.client_id === undefined;
        const told = await world.post(path, complete ? { ...sent, client_id: `cli_${"0".repeat(22)}` } : sent);
        expect([400, 403]).toContain(told.status);
        expect(told.headers.get("content-type")).toBe("application/problem+json");
        expect(told.text).not.toContain("access_token");
      }),
      { numRuns: 300 },
    );
  });
});
