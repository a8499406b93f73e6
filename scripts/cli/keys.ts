import { KeyScan } from "./key_scan.ts";

const USAGE = "usage: npm run cli -- keys scan <dir>";

/**
 * `keys scan <dir>`: finds API keys of Sallyport in the files under a directory. Ends with 1 where it found some, with 2 where it could not
 * look. A key is printed masked: what this prints ends in logs of builds.
 */
export async function keysCommand([verb, root, ...rest]: readonly string[]): Promise<number> {
  if (verb !== "scan" || root === undefined || rest.length > 0) {
    console.error(USAGE);
    return 2;
  }
  const scan = new KeyScan(root);
  try {
    for await (const { path, line, masked } of scan.found()) console.log(`${path}:${line}: ${masked}`);
  } catch (error) {
    console.error(`cannot look into ${root}: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  const { keys, files, skipped } = scan.counts;
  for (const path of skipped.slice(0, 20)) console.error(`not looked into: ${path}`);
  console.error(
    `${keys} keys in ${files} files${skipped.length === 0 ? "" : `; ${skipped.length} files not looked into`}`,
  );
  return keys === 0 ? 0 : 1;
}
