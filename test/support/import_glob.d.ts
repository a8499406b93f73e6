interface ImportMeta {
  /** Vite's import of many files at once; with `query: "?raw"` each as its text. */
  glob(
    pattern: string,
    options: { readonly eager: true; readonly import: "default"; readonly query: "?raw" },
  ): Readonly<Record<string, string>>;
}
