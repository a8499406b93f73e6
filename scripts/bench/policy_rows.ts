import { fileURLToPath } from "node:url";
import { bundle } from "../workers/bundle.ts";
import { AUDITED, LISTED, RELATED, RULED, UNRULED } from "./bench_policy.ts";
import { coldChecks } from "./cold_checks.ts";
import { type Installation, once, type RunningWorker } from "./installation.ts";
import { inSlices, requests } from "./load.ts";
import { plantMember, plantRelations } from "./plant_relations.ts";
import type { Pair, Row } from "./row.ts";
import { fetchToken, tokenRequest } from "./token_request.ts";

type Headers = Readonly<Record<string, string>>;

/** A path of an installation, with what a caller of it sends. */
interface Called extends RunningWorker {
  readonly path: string;
  readonly headers: Headers;
}

const HOST = { host: "localhost" };
/** From a document to a person: two folders, two groups, and the person in the inner one. */
const LEVELS = 5;
/** Documents that are asked about cold. */
const COLD = 20;

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * What deciding costs. The first two rows are whole routes against a Worker that passes every call on; in all others the control is Sallyport too,
 * with the same limit on the same kind of route, and the ratio is what is left beside the rules or the relation.
 *
 * Where rules are many and relations are, there is an installation of its own, which is to hold `tuples` relations. The row about rules elsewhere
 * sets that against the one that has a single rule; every other row loads two routes of one Worker.
 */
export function policyRows(installation: Installation, tuples: number): readonly Row[] {
  const { sallyport, bareProxy, client, apiKey } = installation;
  const small = once(async () => bearer(sallyport, client));
  const large = once(async () => {
    const gate = await installation.gate(await bundle(at("./counted_reads.worker.ts"), at("./policy_config.ts")));
    return { gate, headers: await bearer(gate, gate.client) };
  });
  const toSmall = async (path: string) => ({ ...sallyport, path, headers: await small() });
  const toLarge = async (path: string) => {
    const { gate, headers } = await large();
    return { ...gate, path, headers };
  };
  const toBareProxy = (headers: Headers) =>
    inRounds({ ...sallyport, path: RULED, headers }, { ...bareProxy, path: RULED, headers });
  const row = (name: string, floor: number, prepare: Row["prepare"]): Row => ({
    group: "policy",
    name,
    floor,
    prepare,
  });
  return [
    row("JWT: scope, rule, leased limit, identity", 0.8, async () => toBareProxy(await small())),
    row("API key: scope, rule, leased limit, identity", 0.8, async () => toBareProxy({ ...HOST, "x-api-key": apiKey })),
    row("one rule, to none", 0.98, async () => pair(await toSmall(RULED), await toSmall(UNRULED))),
    row("100 rules, to none", 0.9, async () => pair(await toLarge(AUDITED), await toLarge(UNRULED))),
    row("100 rules elsewhere, to none there", 0.9, async () => pair(await toLarge(RULED), await toSmall(RULED))),
    row("warm relation, depth 4, to a rule", 0.95, async () => {
      const { gate, headers } = await large();
      const db = await gate.database();
      const questions = await plantRelations(db, tuples, COLD + 1);
      await plantMember(db, questions, `client:${gate.client.id}`);
      const [loaded = "", ...cold] = questions.map(({ object }) => object.slice("document:".length));
      const [related, listed] = [await toLarge(`${RELATED}/${loaded}`), await toLarge(`${LISTED}/${loaded}`)];
      // What any call needs is there before, and so is the code that asks about relations.
      for (const { url, path } of [listed, related]) await requests({ url: `${url}${path}`, headers }).ready();
      const { roundTrips, coldMs, warmMs } = await coldChecks(
        gate.url,
        cold.map((id) => `${RELATED}/${id}`),
        headers,
      );
      if (roundTrips > LEVELS) throw new Error(`${roundTrips} round trips to D1 for ${LEVELS} levels`);
      const note =
        `cold relation, depth 4, of ${tuples.toLocaleString("en")} tuples: ${roundTrips} round trips to D1 for ${LEVELS} levels, ` +
        `${coldMs.toFixed(1)} ms a call, warm ${warmMs.toFixed(1)} ms (medians of ${cold.length}, one at a time)`;
      return { ...pair(related, listed), note };
    }),
  ];
}

async function bearer(sallyport: RunningWorker, client: Installation["client"]): Promise<Headers> {
  return { ...HOST, authorization: `Bearer ${await fetchToken(tokenRequest({ sallyport, client }))}` };
}

/** Two routes that differ by a few per cent at most. */
function pair(target: Called, control: Called): Pair {
  const side = ({ url, path, headers, pid }: Called) => ({ url: `${url}${path}`, headers, pid });
  return { ...inRounds(target, control), inSlices: (seconds) => inSlices(side(target), side(control), seconds) };
}

function inRounds(target: Called, control: Called): Pair {
  const load = ({ url, path, headers }: Called) => requests({ url: `${url}${path}`, headers });
  return { target: load(target), targetPid: target.pid, control: load(control), controlPid: control.pid };
}
