import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { explanationTree } from "../../scripts/cli/explanation_tree.ts";
import { coverageOf } from "../../scripts/policy/coverage.ts";
import { OfflineExplainer } from "../../scripts/policy/offline.ts";
import { runTable } from "../../scripts/policy/run_table.ts";
import { decisionTable } from "../../scripts/policy/table.ts";
import { showExplanation } from "../../src/admin/explain_shapes.ts";
import { compileConfig } from "../../src/config/compile.ts";
import { actionConfig } from "../support/action_config.ts";

const CLI = fileURLToPath(new URL("../../scripts/cli.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "sallyport-policy-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Ends as the command does, with what it printed. */
function cli(...words: string[]): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...words], { cwd: ROOT }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out: `${stdout}${stderr}` });
    });
  });
}

function file(name: string, content: object): string {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

describe("policy test", () => {
  test("the demo's own table is as expected", async () => {
    const { code, out } = await cli("policy", "test");
    expect(out).toMatch(/(\d+) of \1 cases as expected/);
    expect(code).toBe(0);
  });

  test("a case that is not as expected is told as a tree of why, and ends with 1", async () => {
    const request = { method: "GET", url: "/orders" };
    const subject = { type: "user", id: "ann", properties: { scopes: [] } };
    const path = file("wrong.json", { cases: [{ name: "it opens", subject, request, expect: "allow" }] });
    const { code, out } = await cli("policy", "test", path);
    expect(code).toBe(1);
    expect(out).toContain("FAILED it opens");
    expect(out).toContain("is deny, and should be allow");
    expect(out).toContain("└─ lacks orders:read");
  });

  test.each([
    ["no table", ["policy", "test", "/nowhere.json"], 1],
    ["no verb", ["policy"], 2],
    ["no percentage", ["policy", "test", "--min-coverage", "many"], 2],
  ])("%s is told, and is no success", async (_, words, code) => {
    expect((await cli(...words)).code).toBe(code);
  });
});

describe("explain, offline", () => {
  test("prints a tree, or JSON, and takes no secret", async () => {
    const asked = ["explain", "GET", "/orders", "--subject", "user:ann", "--scopes", "orders:read", "--offline"];
    expect((await cli(...asked)).out).toMatch(/^ALLOW \(by scopes\)\n├─ route GET \/orders/);
    expect(JSON.parse((await cli(...asked, "--json")).out)).toMatchObject({ effect: "allow" });
    const question = file("secret.json", {
      request: { method: "GET", url: "/orders", headers: { authorization: "Bearer very-secret" } },
    });
    const refused = await cli("explain", "--question", question, "--offline");
    expect(refused.code).toBe(1);
    expect(refused.out).not.toContain("very-secret");
  });
});

describe("tables of rules, relations and roles", () => {
  const config = actionConfig();
  const compiled = compileConfig(config);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  const explainer = new OfflineExplainer(compiled.value, config);
  const document = (id: string) => ({ action: { name: "read" }, resource: { type: "document", id } });
  const person = (id: string, properties = {}) => ({ subject: { type: "user", id, properties } });
  const table = decisionTable.parse({
    relations: ["document:plan#parent@folder:q4", "folder:q4#viewer@group:eng#member"],
    context: { time: "2026-11-24T09:30:00Z" },
    cases: [
      {
        name: "by a group and a folder",
        ...person("ann"),
        ...document("plan"),
        relations: ["group:eng#member@user:ann"],
        expect: "allow",
        rules: ["viewer-reads"],
      },
      { name: "one case knows nothing of another's tuples", ...person("ann"), ...document("plan"), expect: "deny" },
      {
        name: "deny outdoes",
        ...person("ann"),
        ...document("plan"),
        relations: ["group:eng#member@user:ann"],
        context: { country: "T1" },
        expect: "deny",
        because: "rule_denied",
        rules: ["not-from-tor"],
      },
      {
        name: "in office hours",
        ...person("bo", { roles: ["manager"], attributes: { department: "sales" } }),
        action: { name: "order:approve" },
        resource: { type: "order", id: "1", properties: { department: "sales" } },
        expect: "allow",
      },
      {
        name: "and not on Sundays",
        ...person("bo", { roles: ["manager"], attributes: { department: "sales" } }),
        action: { name: "order:approve" },
        resource: { type: "order", id: "1", properties: { department: "sales" } },
        context: { time: "2026-11-22T09:30:00Z" },
        expect: "deny",
        because: "no_rule_allows",
      },
      { name: "wrong on purpose", ...person("ann"), ...document("plan"), expect: "allow" },
      { name: "a tuple that is none", ...person("ann"), ...document("plan"), relations: ["x"], expect: "allow" },
    ],
  });

  test("are decided by the same core, each case by itself", async () => {
    const results = await runTable(table, explainer, 0);
    expect(results.map(({ faults }) => faults.length > 0)).toEqual([false, false, false, false, false, true, true]);
    expect(results[5]?.faults).toEqual(["is deny, and should be allow"]);
    expect(results[6]?.faults[0]).toContain("x is no tuple");
  });

  test("say what they cover of each rule on each action", async () => {
    const results = await runTable(table, explainer, 0);
    const { covered, percent } = coverageOf(
      compiled.value,
      results.flatMap(({ explanation }) => explanation ?? []),
    );
    const of = (what: string) => covered.find((one) => one.what === what)?.missing;
    expect(of("rule viewer-reads on document:read")).toEqual([]);
    expect(of("rule not-from-tor on document:read")).toEqual([]);
    expect(of("rule manager-approves on order:approve")).toEqual([]);
    expect(of("rule not-from-tor on document:share")).toEqual(["true", "false", "decisive"]);
    expect(of("rule lists on order:list"), "what is always true cannot be false").toEqual(["true", "decisive"]);
    expect(percent).toBeGreaterThan(0);
    expect(percent).toBeLessThan(100);
    expect(coverageOf(compiled.value, []).percent).toBe(0);
  });

  test("a value of a question moves no cursor of the terminal", async () => {
    const [result] = await runTable(
      decisionTable.parse({
        cases: [{ name: "x", ...person("a\u001b[2Jb\u202e"), ...document("plan"), expect: "deny" }],
      }),
      explainer,
      0,
    );
    const lines = result?.explanation ? explanationTree(showExplanation(result.explanation)) : [];
    expect(lines.join("\n")).toContain("a\\u001b[2Jb\\u202e");
    expect(lines.join("\n")).not.toMatch(/[\u001b\u202e]/);
  });
});
