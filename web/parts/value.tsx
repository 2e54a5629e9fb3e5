// A JSON value as people read it: objects as lists of terms, lists of alike objects as tables, the rest as text.
import { durationOf, sizeOf } from "./format.ts";

type Row = Readonly<Record<string, unknown>>;
const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);
const DEPTH = 3;

function Scalar({ name, value }: { readonly name: string; readonly value: unknown }) {
  if (value === null || value === undefined) return <span class="soft">none</span>;
  if (typeof value === "number" && name.endsWith("_bytes")) return <>{sizeOf(value)}</>;
  if (typeof value === "number" && /_ms(_ago)?$/.test(name)) return <>{durationOf(value)}</>;
  if (typeof value === "boolean") return <>{value ? "yes" : "no"}</>;
  if (typeof value === "string" && (value.includes("\n") || value.length > 200)) return <pre class="text">{value}</pre>;
  return <>{typeof value === "string" ? value : JSON.stringify(value)}</>;
}

/** An argument as one, where it would not look like one. */
const quoted = (argument: unknown) => (/^[\w./:@%+=,-]+$/.test(String(argument)) ? String(argument) : JSON.stringify(argument));

const wordsOf = (key: string) => key.replace(/_bytes$|_ms(?=$|_)/, "").replaceAll("_", " ");

function Table({ rows }: { readonly rows: readonly Row[] }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 12);
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Table">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {wordsOf(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column} class={typeof row[column] === "number" ? "number" : ""}>
                  <Scalar name={column} value={row[column]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Value({ value, name = "", depth = 0 }: { readonly value: unknown; readonly name?: string; readonly depth?: number }) {
  if (Array.isArray(value)) {
    if (value.length === 0) return <span class="soft">none</span>;
    if (value.every(isRow)) return <Table rows={value} />;
    return (
      <Scalar
        name={name}
        value={
          value.every((item) => typeof item !== "object")
            ? name === "argv"
              ? value.map(quoted).join(" ")
              : value.join(", ")
            : JSON.stringify(value, null, 2)
        }
      />
    );
  }
  if (!isRow(value)) return <Scalar name={name} value={value} />;
  if (depth >= DEPTH) return <pre class="text">{JSON.stringify(value, null, 2)}</pre>;
  const entries = Object.entries(value);
  if (entries.length === 0) return <span class="soft">none</span>;
  return (
    <dl class="facts">
      {entries.map(([key, item]) => (
        <div key={key} class={typeof item === "object" && item !== null ? "block-fact" : ""}>
          <dt>{wordsOf(key)}</dt>
          <dd>
            <Value value={item} name={key} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
