import type { CompiledConfig } from "../../src/config/compile.ts";
import { judgeConfig } from "../../src/config/judge.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { type AdminApi, AdminRefusal, adminApi } from "./admin_api.ts";
import { checkCommand } from "./check.ts";
import { configChanges } from "./config_changes.ts";
import { writtenConfig } from "./written_config.ts";

const USAGE = `usage: npm run cli -- config <verb>

  check                                 validate sallyport.config.ts and list its routes
  diff                                  what publishing it would open, close and change
  publish [--note <why>] [--opens]      publish it; what opens anything needs --opens
  publish --shadow [--note <why>]       decide by it beside what runs, and tell where the two differ
  rollback [<hash>|bundled] [--note <why>]   go back to what ran before, to a hash, or to what was deployed
  history                               the last twenty publishes and rollbacks

For the installation of this clone, or of ISSUER_URL with the token in SALLYPORT_ADMIN_TOKEN.`;

interface Current {
  readonly version: number;
  readonly hash: string;
}

/** What `config <verb>` was told beside its verb. */
interface Words {
  readonly target: string | null;
  readonly note: string;
  readonly opens: boolean;
  readonly shadow: boolean;
}

/** `config check | diff | publish | rollback | history`. Ends with 1 where something is refused, with 2 where it is not understood. */
export async function configCommand([verb = "", ...rest]: readonly string[]): Promise<number> {
  const words = readWords(rest);
  if (words === null) return misunderstood();
  try {
    switch (verb) {
      case "check":
        return checkCommand();
      case "diff":
        return await diff(await adminApi());
      case "publish":
        return await publish(await adminApi(), words);
      case "rollback":
        return await rollBack(await adminApi(), words);
      case "history":
        return await history(await adminApi());
      default:
        return misunderstood();
    }
  } catch (error) {
    if (!(error instanceof AdminRefusal)) throw error;
    console.error(error.message);
    return 1;
  }
}

function misunderstood(): number {
  console.error(USAGE);
  return 2;
}

function readWords(words: readonly string[]): Words | null {
  let read: Words = { target: null, note: "", opens: false, shadow: false };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const next = words[at + 1];
    if (word === "--opens") read = { ...read, opens: true };
    else if (word === "--shadow") read = { ...read, shadow: true };
    else if (word === "--note" && next !== undefined) {
      read = { ...read, note: next };
      at += 1;
    } else if (read.target === null && !word.startsWith("-")) read = { ...read, target: word };
    else return null;
  }
  return read;
}

async function diff(api: AdminApi): Promise<number> {
  const changes = await changesOf(api, writtenConfig(api.variables));
  if (changes === null) return 1;
  return 0;
}

async function publish(api: AdminApi, { note, opens, shadow }: Words): Promise<number> {
  const written = writtenConfig(api.variables);
  if (shadow) {
    const { json } = await api.call("PUT", "/shadow", { config: written, note });
    console.log(
      `in shadow  ${json.hash}  it decides nothing: \`npm run cli -- shadow\` lists where it would decide otherwise`,
    );
    return 0;
  }
  const parent = (await currentOf(api))?.version ?? 0;
  const changes = await changesOf(api, written);
  if (changes === null) return 1;
  if (changes.opens && !opens) {
    console.error("\nNot published: it opens something. Look at it, and say --opens.");
    return 1;
  }
  return told(await api.call("POST", "/config", { config: written, parent, note }));
}

async function rollBack(api: AdminApi, { target, note }: Words): Promise<number> {
  const parent = (await currentOf(api))?.version ?? 0;
  const body = { parent, note, ...(target === null ? {} : { to: target }) };
  return told(await api.call("POST", "/config/rollback", body));
}

async function history(api: AdminApi): Promise<number> {
  const state = (await api.call("GET", "/config")).json;
  const { data } = (await api.call("GET", "/config/versions?limit=20")).json as {
    readonly data: readonly Readonly<Record<string, unknown>>[];
  };
  if (data.length === 0) console.log(`Nothing was published: ${String(state.bundle)} runs, as it was deployed.`);
  for (const { version, created_at, hash, restores, actor, note } of data) {
    const back = restores === null ? "" : `back to ${restores === 0 ? "what was deployed" : String(restores)}  `;
    console.log(`${String(version).padStart(4)}  ${created_at}  ${hash}  ${actor}  ${back}${note}`);
  }
  if (state.drift === true) {
    console.log(
      "\nAnother configuration was deployed since. The published one runs: publish again, or roll back to bundled.",
    );
  }
  return 0;
}

/** Prints what `written` would change of what runs. Null where either is none. */
async function changesOf(api: AdminApi, written: ConfigInput): Promise<{ readonly opens: boolean } | null> {
  const hash = (await currentOf(api))?.hash ?? "bundled";
  const runs = compiled((await api.call("GET", `/config/snapshots/${hash}`)).json.config, "what runs");
  const wanted = compiled(written, "sallyport.config.ts");
  if (wanted === null) return null;
  if (runs === null) return { opens: true };
  const changes = configChanges(runs, wanted);
  for (const { effect, text } of changes) console.log(`${effect.padEnd(8)} ${text}`);
  if (changes.length === 0) console.log("Nothing differs from what runs.");
  return { opens: changes.some(({ effect }) => effect === "opens") };
}

function compiled(config: unknown, name: string): CompiledConfig | null {
  const result = judgeConfig(config);
  if (result.ok) return result.value;
  console.error(`${name} is not valid for this release:`);
  for (const { path, reason } of result.error) console.error(`${path}: ${reason}`);
  return null;
}

async function currentOf(api: AdminApi): Promise<Current | null> {
  return (await api.call("GET", "/config")).json.current as Current | null;
}

function told({ status, json }: Awaited<ReturnType<AdminApi["call"]>>): number {
  const reach = status === 202 ? "gates are still being told" : "gates run it within seconds";
  console.log(`version ${json.version}  ${json.hash}  ${reach}`);
  return 0;
}
