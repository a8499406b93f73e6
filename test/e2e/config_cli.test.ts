import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writtenConfig } from "../../scripts/cli/written_config.ts";

const CLI = fileURLToPath(new URL("../../scripts/cli.ts", import.meta.url));
const TOKEN = "an-operators-token";
const run = promisify(execFile);

/** What the admin API under test was sent, and what it answers to a publish. */
const sent: { readonly url: string; readonly authorization: string; readonly body: string }[] = [];
let server: Server;
let issuer: string;
let runs: object;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { url = "", headers, method } = request;
    sent.push({ url, authorization: headers.authorization ?? "", body: Buffer.concat(chunks).toString() });
    const answers: Record<string, object> = {
      "GET /admin/v1/config": { current: { version: 4, hash: "f".repeat(64) } },
      [`GET /admin/v1/config/snapshots/${"f".repeat(64)}`]: { config: runs },
      "POST /admin/v1/config": { version: 5, hash: "a".repeat(64) },
    };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answers[`${method} ${url}`] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

async function cli(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const variables = { ISSUER_URL: issuer, GATEWAY_URL: issuer, DEMO_ORIGIN_URL: "http://127.0.0.1:9" };
  const all = { ...process.env, SALLYPORT_ADMIN_TOKEN: TOKEN, ...variables, ...env };
  try {
    return { code: 0, ...(await run(process.execPath, [CLI, "config", ...words], { env: all })) };
  } catch (error) {
    return error as { readonly code: number; readonly stdout: string; readonly stderr: string };
  }
}

/** What runs at the installation: `sallyport.config.ts`, with its public route closed or open. */
function running(isPublic: boolean): object {
  const variables = { ISSUER_URL: issuer, GATEWAY_URL: issuer, DEMO_ORIGIN_URL: "http://127.0.0.1:9" };
  const { routes, ...config } = writtenConfig(variables);
  return { ...config, routes: routes.map((route) => ({ ...route, public: isPublic && route.public === true })) };
}

describe("npm run cli -- config", () => {
  test("publishes over the version that it has seen, with the token in a header alone", async () => {
    runs = running(true);
    sent.length = 0;
    const { code, stdout, stderr } = await cli(["publish", "--note", "why"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("version 5");
    const [published] = sent.filter(({ url, body }) => url === "/admin/v1/config" && body !== "");
    expect(JSON.parse(published?.body ?? "{}")).toMatchObject({ parent: 4, note: "why", config: { version: 1 } });
    expect(new Set(sent.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${TOKEN}`]));
    expect(stdout + sent.map(({ url }) => url).join()).not.toContain(TOKEN);
  });

  test("does not open anything unless it is told to", async () => {
    runs = running(false);
    sent.length = 0;
    const refused = await cli(["publish"]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain("opens    GET /public/health: public, open to anyone");
    expect(sent.every(({ body }) => body === "")).toBe(true);
    expect((await cli(["publish", "--opens"])).code).toBe(0);
  });

  test.each<[string, readonly string[], Readonly<Record<string, string>>, number, RegExp]>([
    ["a token in the clear to another machine", ["diff"], { ISSUER_URL: "http://issuer.test" }, 1, /not https/],
    ["a token without its installation's addresses", ["diff"], { GATEWAY_URL: "" }, 1, /GATEWAY_URL/],
    ["what it does not know", ["publish", "--force"], {}, 2, /usage/],
    ["no verb", [], {}, 2, /usage/],
  ])("refuses %s", async (_name, words, env, code, told) => {
    sent.length = 0;
    const refused = await cli(words, env);
    expect([refused.code, told.test(refused.stderr), sent]).toEqual([code, true, []]);
  });
});
