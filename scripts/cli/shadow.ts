import { type ShownShadowList, shadowListShape } from "../../src/admin/shadow_shapes.ts";
import { type AdminApi, AdminRefusal, adminApi } from "./admin_api.ts";

const USAGE = `usage: npm run cli -- shadow [list|end|reset]

  list     what is in shadow, how much was compared, and where it decides otherwise, the most frequent first
  end      take what is in shadow out of it
  reset    forget what was counted

Rules come into shadow by \`mode: "shadow"\`, a whole configuration by \`config publish --shadow\`.`;
const PAGE = 100;
/** More would not be read. */
const MOST_PAGES = 10;

/** `shadow list | end | reset`. Ends with 1 where something is refused, with 2 where it is not understood. */
export async function shadowCommand([verb = "list", ...rest]: readonly string[]): Promise<number> {
  if (rest.length > 0 || !["list", "end", "reset"].includes(verb)) {
    console.error(USAGE);
    return 2;
  }
  try {
    const api = await adminApi();
    if (verb === "list") return await list(api);
    if (verb === "end") {
      await api.call("DELETE", "/shadow");
      console.log("Nothing is in shadow: gates know it within seconds.");
      return 0;
    }
    const { json } = await api.call("DELETE", "/shadow/differences");
    console.log(`${String(json.forgotten)} differences forgotten`);
    return 0;
  } catch (error) {
    if (!(error instanceof AdminRefusal)) throw error;
    console.error(error.message);
    return 1;
  }
}

async function list(api: AdminApi): Promise<number> {
  const first = await page(api, null);
  const data = [...first.data];
  let next = first.next_cursor;
  for (let pages = 1; next !== null && pages < MOST_PAGES; pages++) {
    const more = await page(api, next);
    data.push(...more.data);
    next = more.next_cursor;
  }
  const hash = first.current?.hash ?? null;
  console.log(hash === null ? "No configuration is in shadow." : `in shadow: ${hash}  ${first.current?.note ?? ""}`);
  for (const { tried, compared, undecided, skipped } of first.runs) {
    console.log(`${tried}: ${compared} calls compared, ${undecided} undecided, ${skipped} skipped`);
  }
  for (const { calls, route, action, live, shadow, rule, examples } of data.toSorted((a, b) => b.calls - a.calls)) {
    const where = [route || "no route", action].filter((text) => text !== "").join(" ");
    const by = rule === "" ? "" : `  by ${rule}`;
    console.log(
      `${String(calls).padStart(8)}  ${where}: ${live} -> ${shadow}${by}  e.g. ${examples[0]?.request_id ?? "-"}`,
    );
  }
  return 0;
}

async function page(api: AdminApi, cursor: string | null): Promise<ShownShadowList> {
  const query = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const told = shadowListShape.safeParse((await api.call("GET", `/shadow?limit=${PAGE}${query}`)).json);
  if (!told.success) throw new AdminRefusal("the installation answers with something else than differences");
  return told.data;
}
