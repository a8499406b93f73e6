import { join } from "node:path";
import type { Node, SourceFile } from "typescript/unstable/ast";
import { SyntaxKind } from "typescript/unstable/ast";
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNoSubstitutionTemplateLiteral,
  isStringLiteral,
} from "typescript/unstable/ast/is";
import { API } from "typescript/unstable/sync";

/** One mention of another module. */
export interface Import {
  readonly specifier: string;
  /** Whether the compiler erases it: `import type`, `export type`, or a type's `import("…")`. */
  readonly typeOnly: boolean;
  /** From 1. */
  readonly line: number;
}

type Found = Pick<Import, "specifier" | "typeOnly">;

function text(node: Node | undefined): string | null {
  if (node === undefined) return null;
  return isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node) ? node.text : null;
}

function found(specifier: string | null, typeOnly: boolean): Found | null {
  return specifier === null ? null : { specifier, typeOnly };
}

/** `import { type A } from` is not erased under verbatim module syntax: the module still runs. */
function importAt(node: Node): Found | null {
  if (isImportDeclaration(node)) {
    return found(text(node.moduleSpecifier), node.importClause?.phaseModifier === SyntaxKind.TypeKeyword);
  }
  if (isExportDeclaration(node)) return found(text(node.moduleSpecifier), node.isTypeOnly);
  if (isImportTypeNode(node)) {
    return found(isLiteralTypeNode(node.argument) ? text(node.argument.literal) : null, true);
  }
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    return found(text(node.arguments[0]), false);
  }
  return null;
}

function importsOf(file: SourceFile): readonly Import[] {
  const imports: Import[] = [];
  const visit = (node: Node): void => {
    const one = importAt(node);
    if (one !== null) {
      const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
      imports.push({ ...one, line });
    }
    node.forEachChild(visit);
  };
  file.forEachChild(visit);
  return imports;
}

/**
 * What each of `paths` (from `root`) imports, read by the compiler's own parser, so that comments and strings cannot
 * fool it. The project it opens exists in memory only and resolves nothing.
 */
export function readImports(root: string, paths: readonly string[]): ReadonlyMap<string, readonly Import[]> {
  const project = join(root, "check-layers.tsconfig.json");
  const options = { noResolve: true, noLib: true, types: [], allowImportingTsExtensions: true, noEmit: true };
  const content = JSON.stringify({ compilerOptions: options, files: paths });
  const api = new API({
    cwd: root,
    fs: {
      readFile: (name) => (name === project ? content : undefined),
      fileExists: (name) => (name === project ? true : undefined),
    },
  });
  try {
    const program = api.updateSnapshot({ openProjects: [project] }).getProject(project)?.program;
    const imports = new Map<string, readonly Import[]>();
    for (const path of paths) {
      const file = program?.getSourceFile(join(root, path));
      if (file === undefined) throw new Error(`The compiler did not read ${path}.`);
      imports.set(path, importsOf(file));
    }
    return imports;
  } finally {
    api.close();
  }
}
