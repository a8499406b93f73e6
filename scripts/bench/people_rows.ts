import { type Installation, once, type RunningWorker } from "./installation.ts";
import { CONNECTIONS } from "./load.ts";
import {
  beginFamilies,
  benchClient,
  inventCodes,
  inventedFamilies,
  issueCodes,
  redemptions,
  refreshes,
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
        const writer = await bareWriter();
        return {
          target: refreshes(sallyport, client, families),
          targetPid: sallyport.pid,
          control: ofControl(writer),
          controlPid: writer.pid,
        };
      },
    },
    {
      group: "issuer",
      name: "duties of a refresh, to writer",
      floor: null,
      prepare: async () => {
        const [duties, writer] = [await writingDuties(), await bareWriter()];
        return {
          target: ofControl(duties),
          targetPid: duties.pid,
          control: ofControl(writer),
          controlPid: writer.pid,
        };
      },
    },
    {
      group: "issuer",
      name: "code redemption",
      floor: 0.8,
      prepare: async () => {
        const { people } = await signedIn();
        const writer = await bareWriter();
        // Codes go to another shift each time: who has as many grants of one client as one may have ends the oldest with each new one.
        let shift = 0;
        const nextShift = () => {
          const from = (shift++ * CONNECTIONS) % people.length;
          return people.slice(from, from + CONNECTIONS);
        };
        return {
          target: redemptions(sallyport, () => issueCodes(nextShift(), client)),
          targetPid: sallyport.pid,
          control: redemptions(writer, () => inventCodes(CONNECTIONS, client)),
          controlPid: writer.pid,
        };
      },
    },
    {
      group: "issuer",
      name: "password login, 8 at once",
      floor: null,
      prepare: async () => {
        const hasher = await bareHasher();
        return {
          target: signIns(sallyport, installation),
          targetPid: sallyport.pid,
          control: signIns(hasher, installation),
          controlPid: hasher.pid,
        };
      },
    },
  ];
}
