import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { credentialsOf } from "../../scripts/seed/credentials.ts";
import { startCommand } from "./command.ts";
import { PlainBrowser } from "./people/plain_browser.ts";
import { authorizeByHand } from "./people/sign_in.ts";
import { type PeopleWorld, startPeopleWorld } from "./people/world.ts";

const README = join(import.meta.dirname, "..", "..", "README.md");
const WAIT_MS = 90_000;

let world: PeopleWorld;
/** Where the lines are pasted: all that they may need of a clone is its credentials. */
let directory: string;

beforeAll(async () => {
  world = await startPeopleWorld();
  directory = mkdtempSync(join(tmpdir(), "sallyport-readme-"));
  mkdirSync(join(directory, ".dev"));
  writeFileSync(join(directory, ".dev", "credentials.json"), JSON.stringify(credentialsOf(world.demo, world.url)));
});

afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await world?.dispose();
});

/** The blocks under the README's heading. */
function snippets(heading: string): readonly string[] {
  const section = readFileSync(README, "utf8")
    .split(/^## /m)
    .find((part) => part.startsWith(`${heading}\n`));
  return [...(section ?? "").matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);
}

/** Pastes the client, signs Ada in where it says, and gives what it printed once it has ended. */
async function signInThroughIt(decision: "allow" | "deny"): Promise<{ code: number | null; output: string }> {
  const running = startCommand("bash", ["-c", snippets("Sign a user in")[0] ?? ""], directory);
  await running.printed("/oauth2/authorize?", WAIT_MS);
  const url = /^http\S+$/m.exec(running.output())?.[0] ?? "";
  const [user] = world.demo.users;
  if (user === undefined) throw new Error("the demo has no users");
  const browser = new PlainBrowser(world.url, "198.51.100.1");
  await fetch(await authorizeByHand(browser, new URL(url), { user, decision }));
  return { code: await running.ended(), output: running.output() };
}

describe("the README's client, as it is pasted", () => {
  test("prints the orders of whoever signed in, and ends", async () => {
    const { code, output } = await signInThroughIt("allow");
    expect(code, output).toBe(0);
    expect(output).toContain("gate hinge");
  });

  test("says so when the person denies", async () => {
    const { code, output } = await signInThroughIt("deny");
    expect(code).not.toBe(0);
    expect(output).toContain("access_denied");
  });
});

describe("questions about somebody, as they are pasted", () => {
  const look = snippets("Look around");

  /** What `questions` print, and what they put into `shown`. */
  async function pasted(questions: string, shown = ""): Promise<readonly string[]> {
    const credentials = (look[0] ?? "").split("\n").find((line) => line.startsWith("eval ")) ?? "";
    const script = `${credentials}\n${questions}`.replaceAll("http://localhost:8787", world.url);
    const running = startCommand("bash", ["-ec", `${script}\necho; echo "${shown}"`], directory);
    expect(await running.ended(), running.output()).toBe(0);
    return running.output().trim().split("\n");
  }

  test("the README's are answered by the demo: who owns the document may read it", async () => {
    const [ada] = world.demo.users;
    expect(await pasted(look[1] ?? "", "$WHO")).toEqual(['{"decision":true}', ada?.id]);
  });

  test("those of docs/authzen.md too: the origin is asked whose the order is, and the manager is found at her hours", async () => {
    const text = readFileSync(join(import.meta.dirname, "..", "..", "docs", "authzen.md"), "utf8");
    const [, grace] = world.demo.users;
    const [told = ""] = await pasted(/^```sh\n([\s\S]*?)^```/m.exec(text)?.[1] ?? "");
    const { page, results } = JSON.parse(told);
    expect(page.next_token).toBe("");
    expect([[], [{ type: "user", id: grace?.id }]]).toContainEqual(results);
    expect(world.log()).toMatch(/"event":"access_searched".*"action":"approve".*"looked":2/);
  });
});
