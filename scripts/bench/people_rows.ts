import type { Installation } from "./installation.ts";
import { CONNECTIONS } from "./load.ts";
import {
  beginFamilies,
  benchClient,
  inventCodes,
  inventedToken,
  issueCodes,
  redemptions,
  refreshes,
  signEverybodyIn,
  signIns,
} from "./people_loads.ts";
import type { Row } from "./rows.ts";

/**
 * The rows about people: what spends something once, and what proves a password. Their accounts and the directory hold
 * `crowd` users and grants beside those under load.
 */
export async function peopleRows(installation: Installation, crowd: number): Promise<readonly Row[]> {
  const { sallyport, bareWriter, bareHasher } = installation;
  const client = benchClient(installation);
  const people = await signEverybodyIn(installation);
  const families = await beginFamilies(installation, people.slice(0, CONNECTIONS), client);
  // Codes go to another shift each time: who has as many grants of one client as one may have ends the oldest with each new one.
  let shift = 0;
  const nextShift = () => {
    const from = (shift++ * CONNECTIONS) % people.length;
    return people.slice(from, from + CONNECTIONS);
  };
  if (crowd > 0) await installation.fill(crowd);
  const invented = families.map((_, at) => inventedToken(at));
  const pids = { targetPid: sallyport.pid, controlPid: bareWriter.pid };
  return [
    {
      name: "refresh",
      floor: 0.8,
      target: refreshes(sallyport, client, families),
      control: refreshes(bareWriter, client, invented),
      ...pids,
    },
    {
      name: "code redemption",
      floor: 0.8,
      target: redemptions(sallyport, () => issueCodes(nextShift(), client)),
      control: redemptions(bareWriter, () => inventCodes(CONNECTIONS, client)),
      ...pids,
    },
    {
      name: "password login, 8 at once",
      floor: null,
      target: signIns(sallyport, installation),
      control: signIns(bareHasher, installation),
      targetPid: sallyport.pid,
      controlPid: bareHasher.pid,
    },
  ];
}
