import { sendJson, sendProblem } from "./answers.ts";
import { type OriginCall, readJsonObject } from "./call.ts";

interface Document {
  readonly id: string;
  readonly text: string;
  /** Its owner's own. */
  readonly note?: string;
  readonly reviewed?: boolean;
}

const MAX_DOCUMENTS = 1000;

/** Documents in memory; gone when the origin ends. */
export interface Documents {
  read(call: OriginCall): void;
  write(call: OriginCall): Promise<void>;
}

/** A shelf with two documents, `doc_1` and `doc_2`. */
export function openDocuments(): Documents {
  const documents = new Map<string, Document>([
    ["doc_1", { id: "doc_1", text: "How to open the gate", note: "ask Grace", reviewed: false }],
    ["doc_2", { id: "doc_2", text: "How to close it again" }],
  ]);
  return {
    read: ({ response, params }) => {
      const document = documents.get(params.id ?? "");
      if (document === undefined) return sendProblem(response, 404, "Not Found", "There is no such document.");
      sendJson(response, 200, document);
    },
    write: async (call) => {
      const body = await readJsonObject(call);
      if (body === null) return;
      if (typeof body.text !== "string") {
        return sendProblem(call.response, 400, "Bad Request", "`text` has to be a text.");
      }
      const id = call.params.id ?? "";
      const known = documents.get(id);
      if (known === undefined && documents.size >= MAX_DOCUMENTS) {
        return sendProblem(call.response, 507, "Insufficient Storage", "The shelf is full.");
      }
      const document = { ...known, id, text: body.text, ...marksIn(body) };
      documents.set(id, document);
      sendJson(call.response, known === undefined ? 201 : 200, document);
    },
  };
}

/** What a body says beside the text. What it leaves out stays as it was. */
function marksIn({ note, reviewed }: Readonly<Record<string, unknown>>): Pick<Document, "note" | "reviewed"> {
  return {
    ...(typeof note === "string" ? { note } : {}),
    ...(typeof reviewed === "boolean" ? { reviewed } : {}),
  };
}
