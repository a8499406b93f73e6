import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

/** One module as Miniflare takes it. */
export type WorkerModule =
  | { readonly type: "ESModule"; readonly path: string; readonly contents: string }
  | { readonly type: "CompiledWasm"; readonly path: string; readonly contents: Uint8Array<ArrayBuffer> };

/** A Worker as wrangler would upload it. */
export interface Bundle {
  /** The entry first, then what it imports as it is (WebAssembly). */
  readonly modules: WorkerModule[];
  readonly gzipBytes: number;
}

/** Bundles the entry at `path`, with `config` standing in for `sallyport.config.ts` where given. */
export async function bundle(path: string, config: string | null): Promise<Bundle> {
  const wasm = new Map<string, WorkerModule>();
  const result = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: [keepWasm(wasm), ...(config === null ? [] : [replaceConfig(config)])],
    logLevel: "error",
  });
  const contents = result.outputFiles[0]?.text;
  if (contents === undefined) throw new Error(`${path} did not bundle`);
  const modules: WorkerModule[] = [{ type: "ESModule", path: "worker.js", contents }, ...wasm.values()];
  const gzipBytes = modules.reduce((sum, module) => sum + gzipSync(module.contents, { level: 9 }).byteLength, 0);
  return { modules, gzipBytes };
}

/** WebAssembly is uploaded beside the script: the runtime compiles it, because no code may be made at run time. */
function keepWasm(found: Map<string, WorkerModule>): Plugin {
  return {
    name: "wasm",
    setup: ({ onResolve, resolve }) =>
      onResolve({ filter: /\.wasm$/ }, async ({ path, resolveDir, importer, kind, pluginData }) => {
        if (pluginData === "inner") return undefined;
        const resolved = await resolve(path, { resolveDir, importer, kind, pluginData: "inner" });
        if (resolved.errors.length > 0) return { errors: resolved.errors };
        const name = `./${basename(resolved.path)}`;
        const contents = new Uint8Array(readFileSync(resolved.path));
        found.set(name, { type: "CompiledWasm", path: basename(resolved.path), contents });
        return { path: name, external: true };
      }),
  };
}

function replaceConfig(path: string): Plugin {
  return {
    name: "replace-config",
    setup: ({ onResolve }) => onResolve({ filter: /sallyport\.config\.ts$/ }, () => ({ path })),
  };
}
