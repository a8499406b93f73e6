import { outsideIssuer } from "./bench_config.ts";
import { startHaproxy } from "./haproxy.ts";
import { type Installation, URL_OF_ISSUER } from "./installation.ts";
import type { Row } from "./row.ts";
import { samePath } from "./rows.ts";

/**
 * What others make of the same call, beside ours: no floor, for theirs is not ours to hold. Each checks one ES256 token of the same outside issuer
 * at each call, and no more: no revocation, no identity for the origin, no limit.
 *
 * - hono's `jwk` middleware in a Worker, against the bare Worker. It takes no token that says `at+jwt`, so it gets one that says `JWT`; and it
 *   fetches the key set for each call, here from this machine.
 * - HAProxy with `jwt_verify`, against the same HAProxy without.
 */
export function otherRows(installation: Installation): readonly Row[] {
  const { outsiders, bareProxy, honoJwk } = installation;
  const issuer = outsideIssuer(0);
  const caller = () => {
    const token = outsiders.token(issuer, `${URL_OF_ISSUER}/`, "JWT");
    return { host: "localhost", authorization: `Bearer ${token}` };
  };
  return [
    {
      group: "others",
      name: "hono jwk, to bare Worker",
      floor: null,
      prepare: async () => samePath("/orders", caller(), await honoJwk(), bareProxy),
    },
    {
      group: "others",
      name: "HAProxy jwt_verify, to off",
      floor: null,
      prepare: async () => {
        const started = await startHaproxy(installation, issuer, `${URL_OF_ISSUER}/`);
        return started === null ? null : samePath("/orders", caller(), started.verifying, started.plain);
      },
    },
  ];
}
