import { type Installation, once, type RunningWorker } from "./installation.ts";
import { CONNECTIONS } from "./load.ts";
import {
  beginFamilies,
  benchClient,
  inRounds,
  inTurns,
  inventCodes,
  inventedFamilies,
  issueCodes,
  redemptions,
  refreshes,
  revoke,
  signEverybodyIn,
  signIns,
} from "./people_loads.ts";
import type { Row } from "./row.ts";

/**
 * The rows about people: what spends something once, and what proves a password. Their accounts and the directory hold
 * `crowd` users and grants beside those under load.
 */
export function peopleRows(installation: Installation, crowd: number): readonly Row[] {
  const { sallyport, bareWriter, writingDuties, bareHasher } = installation;
  const client = benchClient(installation);
  const ofControl = (worker: RunningWorker) => refreshes(worker, client, inventedFamilies());
  const signedIn = once(async () => {
    const people = await signEverybodyIn(installation);
    const families = await beginFamilies(installation, people.slice(0, CONNECTIONS), client);
    if (crowd > 0) await installation.fill(crowd);
    return { people, families };
  });
  return [
    {
      group: "issuer",
      name: "refresh",
      floor: 0.8,
      prepare: async () => {
        const { families } = await signedIn();
        return inTurns(refreshes(sallyport, client, families), ofControl(await bareWriter()));
      },
    },
    {
      group: "issuer",
      name: "duties of a refresh, to writer",
      floor: null,
      prepare: async () => inTurns(ofControl(await writingDuties()), ofControl(await bareWriter())),
    },
    {
      group: "issuer",
      name: "code redemption",
      floor: 0.8,
      prepare: async () => {
        const { people } = await signedIn();
        const writer = await bareWriter();
        const others = people.slice(CONNECTIONS);
        return inTurns(
          redemptions(
            sallyport,
            () => issueCodes(others, client),
            (tokens) => revoke(installation, client, tokens),
          ),
          redemptions(writer, () => inventCodes(CONNECTIONS, client)),
        );
      },
    },
    {
      group: "issuer",
      name: "password login, 8 at once",
      floor: null,
      prepare: async () => inRounds(signIns(sallyport, installation), signIns(await bareHasher(), installation)),
    },
  ];
}
