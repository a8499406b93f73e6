import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startCommand } from "./command.ts";

/** What a build of one deployment consists of. */
export interface DryRun {
  /** The table of bindings as the build prints it: `NAME (detail)` to kind of resource. */
  readonly bindings: Readonly<Record<string, string>>;
  readonly gzipBytes: number;
  /** The bundle itself. */
  readonly code: string;
  /** Source files that left bytes in the bundle, as paths from the root of the repository. */
  readonly sources: readonly string[];
}

interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

function readBindings(output: string): Readonly<Record<string, string>> {
  const rows = output.split("\n").flatMap((line) => {
    const row = /^env\.(\S+ \(.*?\)) {2,}(\S.*?) *$/.exec(line);
    return row === null ? [] : [[row[1] ?? "", row[2] ?? ""] as const];
  });
  return Object.fromEntries(rows);
}

function readSources(metafile: string, root: string): readonly string[] {
  const { outputs }: Metafile = JSON.parse(readFileSync(metafile, "utf8"));
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return used.map((path) => path.replace(`${root.slice(1)}/`, "").replace(/^(?:\.\.\/)+/, "")).sort();
}

function readGzipBytes(report: string): number {
  for (const line of readFileSync(report, "utf8").split("\n")) {
    if (line === "") continue;
    const entry: { type: string; bundle_size?: { gzip_bytes: number } } = JSON.parse(line);
    if (entry.type === "deploy" && entry.bundle_size !== undefined) return entry.bundle_size.gzip_bytes;
  }
  throw new Error("wrangler reported no size of its bundle");
}

/** Builds `config` of the tree at `root` as `wrangler deploy` would, into `<root>/dist/<config>`, without deploying. */
export async function dryRun(root: string, config: string): Promise<DryRun> {
  const outdir = join(root, "dist", config);
  const report = join(root, "dist", `${config}.report.ndjson`);
  const metafile = join(root, "dist", `${config}.metafile.json`);
  const build = startCommand(
    process.execPath,
    [
      join(root, "node_modules", "wrangler", "bin", "wrangler.js"),
      ...["deploy", "--dry-run", "-c", config, "--outdir", outdir, "--metafile", metafile],
    ],
    root,
    { WRANGLER_OUTPUT_FILE_PATH: report, WRANGLER_SEND_METRICS: "false", WRANGLER_LOG_PATH: ".wrangler/logs" },
  );
  if ((await build.ended()) !== 0) throw new Error(build.output());
  const entry = /^main = "src\/(.*)\.ts"$/m.exec(readFileSync(join(root, config), "utf8"))?.[1] ?? "";
  return {
    bindings: readBindings(build.output()),
    gzipBytes: readGzipBytes(report),
    code: readFileSync(join(outdir, `${entry}.js`), "utf8"),
    sources: readSources(metafile, root),
  };
}
