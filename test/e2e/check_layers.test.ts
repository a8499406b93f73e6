import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkTree } from "../../scripts/check_layers.ts";

type Tree = Readonly<Record<string, string>>;

function check(tree: Tree): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), "sallyport-layers-"));
  try {
    for (const [path, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkTree(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const HOUSE: Tree = {
  "src/kernel/result.ts": "export type Result = string;\nexport const ok = 1;\n",
  "src/protocol/token.ts": 'import { ok } from "../kernel/result.ts";\nexport const token = ok;\n',
  "src/policy/rule.ts": 'import { ok } from "../kernel/result.ts";\nexport const rule = ok;\n',
  "src/limits/limit.ts": "export interface Limit {}\nexport const limit = 1;\n",
  "src/config/schema.ts": 'import { z } from "zod";\nexport type Config = z.ZodType;\nexport const schema = z;\n',
  "src/ports/clock.ts":
    'import type { Result } from "../kernel/result.ts";\nexport type Clock = Result;\nexport const NOON = 12;\n',
  "src/issuing/mint.ts": 'import type { Clock } from "../ports/clock.ts";\nexport type Mint = Clock;\n',
  "src/access/gate.ts": 'import { rule } from "../policy/rule.ts";\nexport const gate = rule;\n',
  "src/managing/keys.ts": 'import type { Config } from "../config/schema.ts";\nexport type Keys = Config;\n',
  "src/objects/ring.ts":
    'import { DurableObject } from "cloudflare:workers";\nexport class Ring extends DurableObject {}\n',
  "src/adapters/store.ts": 'import { jwtVerify } from "jose";\nexport const store = jwtVerify;\n',
  "src/http/problem.ts": 'import { Hono } from "hono/tiny";\nexport const problem = Hono;\n',
  "src/issuer/app.ts":
    'import type { Mint } from "../issuing/mint.ts";\nimport { Hono } from "hono";\nexport type App = Mint;\nexport const app = Hono;\n',
  "src/authorizer/pipeline.ts": 'import { gate } from "../access/gate.ts";\nexport const pipeline = gate;\n',
  "src/admin/app.ts": 'import { z } from "@hono/zod-openapi";\nexport const admin = z;\n',
  "src/bindings.ts": 'import type { Ring } from "./objects/ring.ts";\nexport type Bindings = Ring;\n',
  "src/compose.ts":
    'import config from "../sallyport.config.ts";\nimport { app } from "./issuer/app.ts";\nexport const compose = [app, config];\n',
  "src/worker.ts": 'export { compose } from "./compose.ts";\nexport { Ring } from "./objects/ring.ts";\n',
  "sallyport.config.ts": 'import { schema } from "./src/config/schema.ts";\nexport default schema;\n',
};

test("a house in order has no fault", () => {
  expect(check(HOUSE)).toEqual([]);
});

describe("who may import whom", () => {
  test.each([
    ["kernel uses a room", "src/kernel/a.ts", 'import "../protocol/token.ts";', "kernel imports protocol"],
    ["kernel uses a package", "src/kernel/a.ts", 'import "zod";', "kernel uses the package zod"],
    ["protocol uses a port", "src/protocol/a.ts", 'import type {} from "../ports/clock.ts";', "protocol imports ports"],
    ["policy uses the protocol", "src/policy/a.ts", 'import "../protocol/token.ts";', "policy imports protocol"],
    ["limits use a package", "src/limits/a.ts", 'import "@upstash/redis";', "limits uses the package @upstash/redis"],
    ["config uses a port", "src/config/a.ts", 'import type {} from "../ports/clock.ts";', "config imports ports"],
    ["config uses hono", "src/config/a.ts", 'import "hono";', "config uses the package hono"],
    ["a port has values", "src/ports/a.ts", 'export { ok } from "../kernel/result.ts";', "a value of kernel"],
    ["issuing uses access", "src/issuing/a.ts", 'import type {} from "../access/gate.ts";', "issuing imports access"],
    ["access uses managing", "src/access/a.ts", 'import "../managing/keys.ts";', "access imports managing"],
    ["managing uses issuing", "src/managing/a.ts", 'import "../issuing/mint.ts";', "managing imports issuing"],
    ["a use case uses an adapter", "src/issuing/a.ts", 'import "../adapters/store.ts";', "issuing imports adapters"],
    [
      "a use case uses config's code",
      "src/access/a.ts",
      'import { schema } from "../config/schema.ts";',
      "a value of config",
    ],
    ["a use case uses jose", "src/issuing/a.ts", 'import "jose";', "issuing uses the package jose"],
    ["an object uses policy", "src/objects/a.ts", 'import "../policy/rule.ts";', "objects imports policy"],
    [
      "an object uses a port's value",
      "src/objects/a.ts",
      'import { NOON } from "../ports/clock.ts";',
      "a value of ports",
    ],
    ["an adapter uses a use case", "src/adapters/a.ts", 'import "../issuing/mint.ts";', "adapters imports issuing"],
    ["an adapter uses config's code", "src/adapters/a.ts", 'import "../config/schema.ts";', "a value of config"],
    ["http uses a domain", "src/http/a.ts", 'import "../protocol/token.ts";', "http imports protocol"],
    ["an app uses another's use case", "src/issuer/a.ts", 'import "../access/gate.ts";', "issuer imports access"],
    ["an app uses an adapter", "src/admin/a.ts", 'import "../adapters/store.ts";', "admin imports adapters"],
    ["the gateway enters hono", "src/authorizer/a.ts", 'import "hono";', "authorizer uses the package hono"],
    ["the issuer uses zod", "src/issuer/a.ts", 'import "zod";', "issuer uses the package zod"],
    ["a room uses the wiring", "src/admin/a.ts", 'import "../compose.ts";', "admin imports wiring"],
    ["a room uses an entry", "src/access/a.ts", 'import "../worker.ts";', "access imports entry"],
    ["an entry uses an entry", "src/issuer.worker.ts", 'import "./worker.ts";', "entry imports entry"],
    [
      "a room uses the configuration",
      "src/access/a.ts",
      'import "../../sallyport.config.ts";',
      "access imports sallyport.config",
    ],
    ["bindings use an object's code", "src/bindings.ts", 'import "./objects/ring.ts";', "a value of objects"],
    [
      "the configuration uses a room",
      "sallyport.config.ts",
      'import "./src/kernel/result.ts";',
      "sallyport.config imports kernel",
    ],
    ["an import leaves the house", "src/adapters/a.ts", 'import "../../scripts/seed.ts";', "which is in no room"],
  ])("%s", (_, path, text, reason) => {
    const faults = check({ ...HOUSE, [path]: `${text}\n` });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${path.replaceAll(".", "\\.")}:1: `));
    expect(faults[0]).toContain(reason);
  });

  test.each([
    ["export from", 'export * from "../adapters/store.ts";'],
    ["import() in a function", 'export const late = () => import("../adapters/store.ts");'],
    ["import() of a type", 'export type T = import("../adapters/store.ts").T;'],
    ["an import on several lines", 'import {\n  store,\n} from "../adapters/store.ts";\nexport const s = store;'],
    ["an import after code", 'export const a = 1;\nimport "../adapters/store.ts";'],
  ])("found in every form: %s", (_, text) => {
    expect(check({ ...HOUSE, "src/issuing/a.ts": `${text}\n` })).toHaveLength(1);
  });

  test("an import whose names alone are types is not erased, and counts as a value", () => {
    const text = 'import { type Clock } from "../ports/clock.ts";\nexport type C = Clock;\n';
    expect(check({ ...HOUSE, "src/issuing/a.ts": text })).toHaveLength(1);
  });

  test("comments and strings are not imports", () => {
    const text = '// import "zod";\n/* import "../adapters/store.ts" */\nexport const s = `import "zod" from "zod"`;\n';
    expect(check({ ...HOUSE, "src/kernel/a.ts": text })).toEqual([]);
  });

  test("a folder that is no room, and a file beside the rooms", () => {
    const faults = check({ ...HOUSE, "src/helpers/a.ts": "export {};\n", "src/stray.ts": "export {};\n" });
    expect(faults).toEqual([
      expect.stringMatching(/^src\/helpers\/a\.ts: belongs to no room/),
      expect.stringMatching(/^src\/stray\.ts: belongs to no room/),
    ]);
  });

  test("an import of a file that is not there", () => {
    const faults = check({ ...HOUSE, "src/access/a.ts": 'import "../kernel/result";\n' });
    expect(faults).toEqual([expect.stringContaining("which is not there")]);
  });
});

describe("circles", () => {
  test("types count", () => {
    const faults = check({
      "src/kernel/a.ts": 'import type { B } from "./b.ts";\nexport type A = B;\n',
      "src/kernel/b.ts": 'export type { C as B } from "./c.ts";\n',
      "src/kernel/c.ts": 'import type { A } from "./a.ts";\nexport type C = A;\n',
    });
    expect(faults).toEqual([
      "src/kernel/a.ts: imports itself in a circle: src/kernel/a.ts -> src/kernel/b.ts -> src/kernel/c.ts -> src/kernel/a.ts",
    ]);
  });

  test("two ways to one file are no circle", () => {
    const faults = check({
      "src/kernel/a.ts": 'import "./b.ts";\nimport "./c.ts";\n',
      "src/kernel/b.ts": 'import "./d.ts";\n',
      "src/kernel/c.ts": 'import "./d.ts";\n',
      "src/kernel/d.ts": "export {};\n",
    });
    expect(faults).toEqual([]);
  });
});

describe("sizes", () => {
  const lines = (count: number, first = "export {};") => `${first}\n${"//\n".repeat(count - 1)}`;
  test.each([
    ["300 lines", lines(300), null],
    ["301 without a reason", lines(301), "owes a line"],
    ["301 with a reason", lines(301, "// Long because the table is one subject."), null],
    ["301 with an empty reason", lines(301, "// Long because "), "owes a line"],
    ["400 with a reason", lines(400, "// Long because the table is one subject."), null],
    ["401 with a reason", lines(401, "// Long because the table is one subject."), "has to be split"],
  ])("%s", (_, text, reason) => {
    for (const path of ["src/kernel/a.ts", "scripts/a.mjs", "test/unit/a.test.ts"]) {
      const faults = check({ ...HOUSE, [path]: text });
      expect(faults).toEqual(reason === null ? [] : [expect.stringContaining(reason)]);
    }
  });
});

describe("what was thrown, in a log", () => {
  test.each([
    'console.error(JSON.stringify({ event: "x", error: String(error) }));',
    ["console.error(`it failed: $", "{error}`);"].join(""),
    'logFault("x", { error: error.message });',
    'logFault("x", { error: error instanceof Error ? error.message : "no" });',
    'logFault("x", { error: told.message, cause: String(told.cause ?? "") });',
  ])("%s", (line) => {
    expect(check({ ...HOUSE, "src/objects/a.ts": `${line}\n` }).join("\n")).toContain(
      "src/objects/a.ts:1: what was thrown may quote secrets",
    );
  });

  test("by the one place that withholds secrets", () => {
    const text = 'import { faultText } from "../kernel/fault_text.ts";\nexport const told = { error: faultText(1) };\n';
    const words = { "src/kernel/fault_text.ts": "export const faultText = (error: unknown) => String(error);\n" };
    expect(check({ ...HOUSE, ...words, "src/objects/a.ts": text })).toEqual([]);
  });
});
