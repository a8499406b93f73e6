import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

/** A Worker as one module, as wrangler would upload it. */
export interface Bundle {
  readonly code: string;
  readonly gzipBytes: number;
}

/** Bundles the entry at `path`, with `config` standing in for `sallyport.config.ts` where given. */
export async function bundle(path: string, config: string | null): Promise<Bundle> {
  const result = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: config === null ? [] : [replaceConfig(config)],
    logLevel: "error",
  });
  const code = result.outputFiles[0]?.text;
  if (code === undefined) throw new Error(`${path} did not bundle`);
  return { code, gzipBytes: gzipSync(code, { level: 9 }).byteLength };
}

function replaceConfig(path: string): Plugin {
  return {
    name: "bench-config",
    setup: ({ onResolve }) => onResolve({ filter: /sallyport\.config\.ts$/ }, () => ({ path })),
  };
}
