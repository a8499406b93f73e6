import { Connection } from "../../workers/connection.ts";
import { outsideIssuer } from "../bench_config.ts";
import { type Installation, URL_OF_ISSUER } from "../installation.ts";
import { CONNECTIONS } from "../load.ts";
import { residentMemoryMiB } from "../process_usage.ts";
import { weighFullCaches } from "./full_caches.ts";

const HOST = new URL(URL_OF_ISSUER).host;
const BOUND_MIB = 64;
/** Between the first tenth, when all caches are full, and the end. */
const GROWTH_BOUND_MIB = 32;

/** Prints what each cache takes when it is full; whether all of them are within the bound. */
export async function reportFullCaches(): Promise<boolean> {
  let passed = true;
  for (const size of ["usual", "large"] as const) {
    const { liveMiB, emptyMiB, caches } = await weighFullCaches(size);
    console.log(
      `\nan isolate's heap, all caches full of ${size} entries: ${liveMiB.toFixed(1)} MiB (bound ${BOUND_MIB})`,
    );
    for (const { name, miB } of [{ name: "empty", miB: emptyMiB }, ...caches]) {
      console.log(`${name.padEnd(24)}${miB.toFixed(1).padStart(8)}`);
    }
    if (liveMiB > BOUND_MIB) passed = false;
  }
  return passed;
}

/**
 * Sends `count` calls, each with a valid token of its own, through one isolate of `installation`, and prints its process's resident memory at each
 * tenth of them. Whether it stayed flat. Signing happens here, verifying there.
 */
export async function reportDistinctTokens({ sallyport, outsiders }: Installation, count: number): Promise<boolean> {
  const share = Math.ceil(count / 10);
  const issuer = outsideIssuer(0);
  const sampled: number[] = [];
  let sent = 0;
  const flood = async () => {
    const connection = new Connection(new URL(sallyport.url), HOST);
    while (sent < count) {
      sent += 1;
      if (sent % share === 0) sampled.push(residentMemoryMiB(sallyport.pid));
      const headers = { authorization: `Bearer ${outsiders.token(issuer, `${URL_OF_ISSUER}/`)}` };
      const { status } = await connection.send({ method: "GET", path: "/orders", headers });
      // A reused connection to the origin may be closed under a request.
      if (status !== 200 && status !== 502) throw new Error(`a valid token was answered ${status}`);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, flood));
  const [first = Number.NaN] = sampled;
  const growth = (sampled.at(-1) ?? Number.NaN) - first;
  console.log(`\n${count} distinct tokens, resident memory at each tenth, MiB: ${sampled.map(Math.round).join(", ")}`);
  console.log(`growth after the first tenth: ${growth.toFixed(0)} MiB (bound ${GROWTH_BOUND_MIB})`);
  return growth <= GROWTH_BOUND_MIB;
}
