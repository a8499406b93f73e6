import type { Dirent } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseApiKey } from "../../src/protocol/api_key.ts";

/** A key in a file. `masked` shows what a list of keys shows. */
export interface FoundKey {
  readonly path: string;
  readonly line: number;
  readonly masked: string;
}

/** Directories of others' code, and of what git keeps by itself. */
const PASSED_OVER = new Set(["node_modules", ".git"]);
/** Larger files are data; they are named, not read. */
const MAX_FILE_BYTES = 5 * 1024 * 1024;
const BINARY_SAMPLE_BYTES = 8 * 1024;
/** Every place where a key may begin, also within another word. */
const CANDIDATE = /(?=((?:sk|pk)_(?:live|test)_[0-9A-Za-z]{49}))/g;

/**
 * Looks for API keys in the files under `root`: by prefix and form, and by the checksum, which one in 57 billion other strings of that
 * form has by chance. Links are not followed, so that it stays under `root` and comes to an end.
 */
export class KeyScan {
  readonly #root: string;
  readonly #skipped: string[] = [];
  #keys = 0;
  #files = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** What was done so far; `skipped` are files that were too large or could not be read. */
  get counts() {
    return { keys: this.#keys, files: this.#files, skipped: this.#skipped };
  }

  /** Every key, in the order of the files' names. Throws where `root` cannot be read. */
  async *found(): AsyncGenerator<FoundKey> {
    const isDirectory = (await lstat(this.#root)).isDirectory();
    yield* isDirectory
      ? this.#under(this.#root, await readdir(this.#root, { withFileTypes: true }))
      : this.#in(this.#root);
  }

  async *#under(directory: string, entries: readonly Dirent[]): AsyncGenerator<FoundKey> {
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (entry.isFile()) yield* this.#in(path);
      if (!entry.isDirectory() || PASSED_OVER.has(entry.name)) continue;
      const inner = await readdir(path, { withFileTypes: true }).catch(() => null);
      if (inner === null) this.#skipped.push(this.#name(path));
      else yield* this.#under(path, inner);
    }
  }

  async *#in(path: string): AsyncGenerator<FoundKey> {
    const text = await this.#read(path).catch(() => null);
    if (text === null) {
      this.#skipped.push(this.#name(path));
      return;
    }
    this.#files += 1;
    for (const { index, 1: candidate = "" } of text.matchAll(CANDIDATE)) {
      if (parseApiKey(candidate) === null) continue;
      this.#keys += 1;
      const line = text.slice(0, index).split("\n").length;
      yield { path: this.#name(path), line, masked: `${candidate.slice(0, 8)}…${candidate.slice(-4)}` };
    }
  }

  /** The file's bytes, one character each; nothing of a binary file, null of one that is too large. */
  async #read(path: string): Promise<string | null> {
    const file = await open(path);
    try {
      if ((await file.stat()).size > MAX_FILE_BYTES) return null;
      const bytes = await file.readFile();
      return bytes.subarray(0, BINARY_SAMPLE_BYTES).includes(0) ? "" : bytes.toString("latin1");
    } finally {
      await file.close();
    }
  }

  #name(path: string): string {
    return relative(this.#root, path) || path;
  }
}
