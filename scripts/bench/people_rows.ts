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
  signEverybodyIn,
  signIns,
} from "./people_loads.ts";
import type { Row } from "./row.ts";

/** How often both sides are loaded before: half a minute each; codes are dear, and their row comes when the others have warmed most of what it needs. */
const WARM_UPS = { refreshes: 15, redemptions: 3 };

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
        return inTurns(refreshes(sallyport, client, families), ofControl(await bareWriter()), WARM_UPS.refreshes);
      },
    },
    {
      group: "issuer",
      name: "duties of a refresh, to writer",
      floor: null,
      prepare: async () => inTurns(ofControl(await writingDuties()), ofControl(await bareWriter()), WARM_UPS.refreshes),
    },
    {
      group: "issuer",
      name: "code redemption",
      floor: 0.8,
      prepare: async () => {
        const { people } = await signedIn();
        const writer = await bareWriter();
        // Codes go to another shift each time: who has as many grants of one client as one may have ends the oldest with each new one.
        const others = people.slice(CONNECTIONS);
        let shift = 0;
        const nextShift = () => {
          const from = (shift++ * CONNECTIONS) % others.length;
          return others.slice(from, from + CONNECTIONS);
        };
        return inTurns(
          redemptions(sallyport, () => issueCodes(nextShift(), client)),
          redemptions(writer, () => inventCodes(CONNECTIONS, client)),
          WARM_UPS.redemptions,
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
