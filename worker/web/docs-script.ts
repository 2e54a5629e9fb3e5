// The script of the docs page. Text only ever enters the page as text; a pasted key lives in the page's memory.

export const DOCS_SCRIPT = String.raw`"use strict";
const byId = (id) => document.getElementById(id);
const VERBS = ["get", "post", "patch", "delete"];
const SHOWN_CHARS = 200000;
/** What is not the interface itself comes last. */
const LAST = "pages, sign-in and relays";
let counter = 0;

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "text") node.textContent = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function withKey(headers) {
  const key = byId("key").value.trim();
  return key ? { ...headers, authorization: "Bearer " + key } : headers;
}

function field(parameter) {
  const id = "field-" + ++counter;
  const schema = parameter.schema || {};
  const hint = [parameter.in, parameter.required ? "required" : "", parameter.description || ""].filter(Boolean).join(" · ").replaceAll("\x60", "");
  const label = make("label", { for: id }, parameter.name, make("span", { class: "soft", text: hint }));
  let input;
  if (schema.enum) {
    input = make("select", { id });
    if (!parameter.required) input.append(make("option", { value: "", text: "" }));
    for (const value of schema.enum) input.append(make("option", { value, text: value }));
  } else input = make("input", { id, autocomplete: "off", autocapitalize: "none", spellcheck: "false", required: parameter.required === true, placeholder: schema.default === undefined ? "" : String(schema.default) });
  return { parameter, input, nodes: [label, input] };
}

function exampleOf(operation) {
  const content = operation.requestBody && operation.requestBody.content["application/json"];
  return content ? content.example || {} : null;
}

function requestOf(path, verb, operation, fields, body) {
  let url = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, input } of fields) {
    const value = input.value.trim();
    if (parameter.in === "path") url = url.replace("{" + parameter.name + "}", encodeURIComponent(value));
    else if (value !== "" && parameter.in === "query") query.set(parameter.name, value);
    else if (value !== "") headers[parameter.name] = value;
  }
  if (body) headers["content-type"] = "application/json";
  const text = query.toString();
  return { url: text ? url + "?" + text : url, init: { method: verb.toUpperCase(), headers: withKey(headers), body: body ? body.value : undefined } };
}

function pretty(text, type) {
  if (!type.includes("json") || type.includes("ndjson")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function show(answer, out) {
  const type = answer.headers.get("content-type") || "";
  const head = [answer.status + " " + answer.statusText];
  for (const name of ["content-type", "location", "x-request-id", "retry-after", "content-range", "preference-applied"])
    if (answer.headers.get(name)) head.push(name + ": " + answer.headers.get(name));
  const title = head.join("\n") + "\n\n";
  let text = "";
  out.className = answer.ok ? "" : "bad";
  out.textContent = title;
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    if (text.length > SHOWN_CHARS) {
      text = text.slice(0, SHOWN_CHARS) + "\n… more than this page shows";
      await reader.cancel();
      break;
    }
    out.textContent = title + text;
  }
  out.textContent = title + pretty(text, type);
}

function tryIt(path, verb, operation) {
  const fields = (operation.parameters || []).map(field);
  const form = make("form", {});
  for (const { nodes } of fields) form.append(...nodes);
  const example = exampleOf(operation);
  let body = null;
  if (example !== null) {
    const id = "field-" + ++counter;
    body = make("textarea", { id, spellcheck: "false" });
    body.value = JSON.stringify(example, null, 2);
    body.rows = Math.min(20, body.value.split("\n").length + 1);
    form.append(make("label", { for: id }, "body", make("span", { class: "soft", text: "JSON" })), body);
  }
  const out = make("pre", { hidden: true, "aria-live": "polite" });
  const send = make("button", { text: "Try it" });
  const stop = make("button", { type: "button", class: "plain", text: "Stop", hidden: true });
  form.append(send, stop, out);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const abort = new AbortController();
    stop.onclick = () => abort.abort();
    stop.hidden = false;
    send.disabled = true;
    out.hidden = false;
    out.className = "";
    out.textContent = "…";
    try {
      const { url, init } = requestOf(path, verb, operation, fields, body);
      await show(await fetch(url, { ...init, signal: abort.signal }), out);
    } catch (error) {
      out.textContent += abort.signal.aborted ? "\n(stopped)" : "\n" + error;
    }
    stop.hidden = true;
    send.disabled = false;
  });
  return form;
}

function schemas(operation) {
  const found = [];
  const body = operation.requestBody && operation.requestBody.content["application/json"].schema;
  if (body) found.push(["Body", body]);
  for (const [status, answer] of Object.entries(operation.responses)) {
    const schema = answer.content && answer.content["application/json"] && answer.content["application/json"].schema;
    if (schema) found.push(["Answer " + status, schema]);
  }
  return found.map(([title, schema]) =>
    make("details", {}, make("summary", { text: title }), make("div", { class: "inside" }, make("pre", { text: JSON.stringify(schema, null, 2) }))),
  );
}

function route(path, verb, operation) {
  const inside = make("div", { class: "inside" });
  const node = make(
    "details",
    { "data-search": (verb + " " + path + " " + operation.summary).toLowerCase(), id: operation.operationId },
    make("summary", {}, make("span", { class: "verb", text: verb.toUpperCase() }), make("code", { text: path }), make("span", { class: "text", text: operation.summary })),
    inside,
  );
  node.addEventListener("toggle", () => {
    if (!node.open || inside.childElementCount > 0) return;
    inside.append(make("p", { class: "soft", text: operation.description || "" }));
    if (operation.responses["101"]) inside.append(make("p", { class: "soft", text: "A WebSocket of the relay: it cannot be tried from a page." }));
    else inside.append(tryIt(path, verb, operation));
    inside.append(...schemas(operation));
  });
  return node;
}

function fill(description) {
  const groups = new Map();
  for (const [path, item] of Object.entries(description.paths))
    for (const verb of VERBS.filter((name) => item[name])) {
      const tag = path.startsWith("/api/") ? item[verb].tags[0] : LAST;
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(route(path, verb, item[verb]));
    }
  const inOrder = [...groups].sort(([a], [b]) => Number(a === LAST) - Number(b === LAST));
  for (const [tag, nodes] of inOrder) byId("routes").append(make("section", {}, make("h2", { text: tag }), ...nodes));
}

function filter() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of byId("routes").children) {
    let isEmpty = true;
    for (const node of section.querySelectorAll(":scope > details")) {
      node.hidden = !words.every((word) => node.dataset.search.includes(word));
      isEmpty = isEmpty && node.hidden;
    }
    section.hidden = isEmpty;
  }
}

/** A link opens the session of who made it: a person should see whose that is. */
async function whoAmI() {
  const answer = await fetch("/api/v1/me", { headers: withKey({}) });
  return answer.ok ? " · you are " + (await answer.json()).principal : "";
}

async function load() {
  const state = byId("state");
  try {
    const answer = await fetch("/openapi.json", { headers: withKey({}) });
    const description = await answer.json();
    if (!answer.ok) throw new Error([description.detail, description.remedy].join(" "));
    fill(description);
    state.textContent = "Farhand " + description.info.version + " · " + document.querySelectorAll("#routes section > details").length + " routes" + (await whoAmI());
    const named = location.hash && byId(location.hash.slice(1));
    if (named) named.open = true;
  } catch (error) {
    state.className = "bad";
    state.textContent = error.message;
  }
}

byId("filter").addEventListener("input", filter);
void load();
`;
