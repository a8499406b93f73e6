import { readFileSync } from "node:fs";
import * as z from "zod";
import {
  explanationShape,
  questionBody,
  readQuestion,
  type ShownExplanation,
  showExplanation,
} from "../../src/admin/explain_shapes.ts";
import { judgeConfig } from "../../src/config/judge.ts";
import { FactsFault, OfflineExplainer } from "../policy/offline.ts";
import { offlineFacts } from "../policy/table.ts";
import { AdminRefusal, adminApi } from "./admin_api.ts";
import { explanationTree } from "./explanation_tree.ts";
import { writtenConfig } from "./written_config.ts";

const USAGE = `usage: npm run cli -- explain <what> [--subject <type>:<id>] [--roles a,b] [--scopes a,b] [--config <hash>] [--json]
       npm run cli -- explain --question <file> [--config <hash>] [--json]
       ... [--offline [--facts <file>]]

  <what>   GET /documents/1         a call of the gateway
           document:read document:1   an action, and its resource

  Asks the installation of this clone, or of ISSUER_URL with the token in SALLYPORT_ADMIN_TOKEN. --offline decides by
  sallyport.config.ts and the roles and relations in --facts alone. A question file has the body of POST /admin/v1/explain.
  No option takes a token or a key: say who asks.`;

interface Words {
  readonly what: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly json: boolean;
  readonly offline: boolean;
}

const WITH_VALUE = ["subject", "roles", "scopes", "config", "question", "facts"];

/** `explain`: prints why a call would be let in or not. Ends with 1 where something is refused, with 2 where it is not understood. */
export async function explainCommand(rest: readonly string[]): Promise<number> {
  const words = readWords(rest);
  const question = words === null ? null : questionOf(words);
  if (words === null || question === null) {
    console.error(USAGE);
    return 2;
  }
  try {
    const explanation = words.offline ? await explainOffline(question, words) : await explainOnline(question, words);
    if (words.json) console.log(JSON.stringify(explanation, null, 2));
    else for (const line of explanationTree(explanation)) console.log(line);
    return 0;
  } catch (error) {
    if (!(error instanceof AdminRefusal || error instanceof FactsFault)) throw error;
    console.error(error.message);
    return 1;
  }
}

function readWords(rest: readonly string[]): Words | null {
  const what: string[] = [];
  const options: Record<string, string> = {};
  let json = false;
  let offline = false;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? "";
    const name = word.slice(2);
    const value = rest[at + 1];
    if (word === "--json") json = true;
    else if (word === "--offline") offline = true;
    else if (word.startsWith("--") && WITH_VALUE.includes(name) && value !== undefined) {
      options[name] = value;
      at += 1;
    } else if (word.startsWith("-")) return null;
    else what.push(word);
  }
  return { what, options, json, offline };
}

/** The question as the admin API takes it; null for none. */
function questionOf({ what, options }: Words): Readonly<Record<string, unknown>> | null {
  if (options.question !== undefined) return what.length === 0 ? readJson(options.question) : null;
  const [first = "", second] = what;
  if (first === "" || what.length > 2) return null;
  const subject = subjectOf(options);
  if (subject === null) return null;
  const isCall = /^[A-Z]+$/.test(first) && second !== undefined;
  if (isCall) return { ...subject, request: { method: first, url: second } };
  const [type, id] = split(second ?? "");
  const resource = second === undefined ? {} : { resource: { type, id } };
  return { ...subject, action: { name: first }, ...resource };
}

function subjectOf({ subject, roles, scopes }: Words["options"]): object | null {
  if (subject === undefined) return roles === undefined && scopes === undefined ? {} : null;
  const [type, id] = split(subject);
  const listed = (text: string | undefined, name: string) => (text === undefined ? {} : { [name]: text.split(",") });
  return { subject: { type, id, properties: { ...listed(roles, "roles"), ...listed(scopes, "scopes") } } };
}

function split(text: string): readonly [string, string] {
  const colon = text.indexOf(":");
  return [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)];
}

async function explainOnline(question: object, { options: { config } }: Words): Promise<ShownExplanation> {
  const api = await adminApi();
  const { json } = await api.call("POST", "/explain", { ...question, ...(config === undefined ? {} : { config }) });
  const told = explanationShape.safeParse(json);
  if (!told.success) throw new AdminRefusal("the installation answers with something else than an explanation");
  return told.data;
}

async function explainOffline(question: object, { options: { config, facts } }: Words): Promise<ShownExplanation> {
  if (config !== undefined) throw new FactsFault("--offline decides by sallyport.config.ts, and not by a hash");
  const asked = questionBody.safeParse(question);
  if (!asked.success) throw new FactsFault(z.prettifyError(asked.error));
  const written = writtenConfig();
  const compiled = judgeConfig(written);
  if (!compiled.ok) throw new FactsFault(compiled.error.map(({ path, reason }) => `${path}: ${reason}`).join("\n"));
  const given = offlineFacts.safeParse(facts === undefined ? {} : readJson(facts));
  if (!given.success) throw new FactsFault(z.prettifyError(given.error));
  const explainer = new OfflineExplainer(compiled.value, written);
  const told = await explainer.explain(readQuestion(asked.data), given.data, Date.now());
  if (!told.ok) throw new FactsFault(`${told.error.field} ${told.error.reason}`);
  return showExplanation({ ...told.value, snapshot: explainer.snapshot, shadow: [] });
}

function readJson(path: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new FactsFault(`${path} cannot be read: ${String(error)}`);
  }
}
