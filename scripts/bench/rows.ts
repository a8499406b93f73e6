import { flatRows } from "./flat_rows.ts";
import type { Installation, RunningWorker } from "./installation.ts";
import { once } from "./installation.ts";
import { requests } from "./load.ts";
import { otherRows } from "./other_rows.ts";
import { peopleRows } from "./people_rows.ts";
import { policyRows } from "./policy_rows.ts";
import type { Pair, Row } from "./row.ts";
import { fetchToken, tokenRequest } from "./token_request.ts";

const HOST = { host: "localhost" };

/** How much there is beside what is under load. */
export interface BenchSizes {
  /** Users and grants. */
  readonly crowd: number;
  /** Relations, where a row asks about one. */
  readonly tuples: number;
  /** API keys, where a row is about many. */
  readonly keys: number;
}

/** The rows, with real credentials of `installation`. */
export function benchRows(installation: Installation, { crowd, tuples, keys }: BenchSizes): readonly Row[] {
  const { sallyport, bareProxy, duties, bareSigner, apiKey } = installation;
  const token = tokenRequest(installation);
  const bearer = once(async () => ({ ...HOST, authorization: `Bearer ${await fetchToken(token)}` }));
  const key = async () => ({ ...HOST, "x-api-key": apiKey });
  // The control gets the very request that Sallyport gets: parsing a token's bytes is not our work.
  const gateway = (name: string, floor: number, path: string, headers: typeof bearer | typeof key): Row => ({
    group: "gateway",
    name,
    floor,
    prepare: async () => samePath(path, await headers(), sallyport, bareProxy),
  });
  return [
    gateway("JWT: scope, identity", 0.75, "/orders", bearer),
    gateway("JWT, leased limit", 0.8, "/leased", bearer),
    gateway("API key: scope, identity", 0.75, "/orders", key),
    gateway("API key, leased limit", 0.8, "/leased", key),
    gateway("JWT, exact limit", 0.6, "/limited", bearer),
    {
      group: "gateway",
      name: "duties without a decision, to bare Worker",
      floor: null,
      prepare: async () => samePath("/orders", await bearer(), duties, bareProxy),
    },
    {
      group: "gateway",
      name: "JWT: scope, identity, to duties",
      floor: null,
      prepare: async () => samePath("/orders", await bearer(), sallyport, duties),
    },
    ...policyRows(installation, tuples),
    ...flatRows(installation, keys),
    ...otherRows(installation),
    {
      group: "issuer",
      name: "token endpoint",
      floor: 0.45,
      prepare: async () => ({
        target: requests(token),
        targetPid: sallyport.pid,
        control: requests({ ...token, url: `${bareSigner.url}/` }),
        controlPid: bareSigner.pid,
      }),
    },
    ...peopleRows(installation, crowd),
  ];
}

/** The same request to two Workers. */
export function samePath(
  path: string,
  headers: Readonly<Record<string, string>>,
  target: RunningWorker,
  control: RunningWorker,
): Pair {
  return {
    target: requests({ url: `${target.url}${path}`, headers }),
    targetPid: target.pid,
    control: requests({ url: `${control.url}${path}`, headers }),
    controlPid: control.pid,
  };
}
