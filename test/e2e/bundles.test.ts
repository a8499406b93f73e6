import { globSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DryRun, dryRun } from "./dry_run.ts";
import { type FreshCopy, freshCopy } from "./fresh_copy.ts";

const KIB = 1024;
const CONFIGS = ["wrangler.toml", "wrangler.issuer.toml", "wrangler.authorizer.toml"] as const;

/** Parts of packages that the authorizer does without; what does their work there, if anything, stands in docs/bench.md. */
const LEFT_OUT: readonly (readonly [what: string, path: RegExp])[] = [
  ["the large face of zod", /\/zod\/v4\/classic\//],
  ["zod's texts", /\/zod\/v4\/locales\//],
  ["encryption by jose", /\/jose\/.*\/(?:jwe_decrypt|jwe_encrypt|content_encryption|key_management|deflate)\.js$/],
  ["builders and checks of JWTs by jose", /\/jose\/.*\/(?:jwt\/\w+|jwt_claims_set)\.js$/],
  ["key sets that jose fetches", /\/jose\/.*\/jwks\/\w+\.js$/],
  ["the database's whole client", /\/@upstash\/redis\//],
  ["analytics of limits", /\/@upstash\/core-analytics\//],
  ["a router", /\/hono\//],
  [
    "what authors and publishers alone are told",
    /^src\/config\/(?:judge|faults\/(?:relation|dead_action|idle_policy|step_up|pin_rotation|audit|unused|outbound))\.ts$/,
  ],
  ["what explains decisions", /^src\/(?:policy\/trace_action\.ts$|access\/explain\/)/],
  ["what relations mean", /^src\/policy\/relations\/(?:relation_schema|parse_rewrite|schema_\w+|check_run)\.ts$/],
];

describe("what each deployment carries", () => {
  let copy: FreshCopy;
  const built = new Map<string, DryRun>();
  const build = (config: (typeof CONFIGS)[number]): DryRun => {
    const run = built.get(config);
    if (run === undefined) throw new Error(`${config} was not built`);
    return run;
  };

  beforeAll(async () => {
    copy = freshCopy();
    for (const config of CONFIGS) built.set(config, await dryRun(copy.root, config));
  });

  afterAll(() => copy.remove());

  test("the authorizer carries no code of the control plane, no SQL, and no use of the token-signing key's secret", () => {
    const { code, sources } = build("wrangler.authorizer.toml");
    const foreign =
      /^src\/(?:adapters\/(?:d1\/|argon2)|compose\/control|admin\/|issuer\/|issuing\/|managing\/|objects\/(?:edge_feed|outbox))/;
    expect(sources.filter((path) => foreign.test(path))).toEqual([]);
    expect(code).not.toMatch(/\.prepare\(/);
    // bindings.ts reads every name that any deployment knows; nothing may take this one from there.
    expect(code.replace(/SIGNING_KEK:\s?\w+\.SIGNING_KEK\s?\|\|\s?null/, "")).not.toContain("SIGNING_KEK");
  });

  test.each(LEFT_OUT)("the authorizer carries no part of %s", (_, path) => {
    expect(build("wrangler.authorizer.toml").sources.filter((source) => path.test(source))).toEqual([]);
  });

  test.each(LEFT_OUT)("positive control: %s is installed, and would be seen", (_, path) => {
    const installed = globSync(
      "{src/{policy,config,access},node_modules/{zod,jose,hono,@upstash/*}}/**/*.{js,mjs,ts}",
      {
        cwd: copy.root,
      },
    );
    expect(installed.some((file) => path.test(file))).toBe(true);
  });

  test("wherever the gate is deployed it counts with one build of the library, the one that the contract suite runs", () => {
    const [together, alone] = (["wrangler.toml", "wrangler.authorizer.toml"] as const).map((config) =>
      build(config).sources.filter((path) => /@upstash|no_analytics/.test(path)),
    );
    expect(alone).toContainEqual(expect.stringMatching(/@upstash\/ratelimit\/dist\/index\.mjs$/));
    expect(together).toEqual(alone);
  });

  test("positive control: the issuer carries all three", () => {
    const { code, sources } = build("wrangler.issuer.toml");
    expect(sources).toContain("src/adapters/d1/clients.ts");
    expect(code).toMatch(/\.prepare\(/);
    expect(code.replace(/SIGNING_KEK:\s?\w+\.SIGNING_KEK\s?\|\|\s?null/, "")).toContain("SIGNING_KEK");
  });

  test("they stay within their sizes", () => {
    const sizes = Object.fromEntries(CONFIGS.map((config) => [config, Math.ceil(build(config).gzipBytes / KIB)]));
    console.info("gzip KiB:", sizes);
    expect(sizes["wrangler.authorizer.toml"]).toBeLessThanOrEqual(200);
    expect(sizes["wrangler.toml"]).toBeLessThanOrEqual(600);
    expect(sizes["wrangler.issuer.toml"]).toBeLessThanOrEqual(600);
  });
});
