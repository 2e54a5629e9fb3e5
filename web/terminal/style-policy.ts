// Lets xterm.js style itself under a policy without 'unsafe-inline'. It writes its rules into <style> elements and some colours into
// style attributes, which the policy refuses; the same text through the CSSOM needs no permission. While a terminal is shown,
// elements of the two kinds that xterm makes come from here. Everything else is made as ever.

/**
 * In place of a <style> element: one that shows nothing, whose text becomes a constructed style sheet until it is removed. A real one
 * would be refused even when empty.
 */
function styleElement(made: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  let text = "";
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(made, "textContent", {
    get: () => text,
    set(value: string | null) {
      text = value ?? "";
      sheet.replaceSync(text);
    },
  });
  Object.defineProperty(made, "sheet", { get: () => sheet });
  const remove = made.remove.bind(made);
  made.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
    remove();
  };
  return made;
}

/** A cell: `setAttribute("style", …)` goes to its style object. */
function cellElement(made: HTMLSpanElement): HTMLSpanElement {
  const setAttribute = made.setAttribute.bind(made);
  made.setAttribute = (name, value) => {
    if (name === "style") made.style.cssText = value;
    else setAttribute(name, value);
  };
  return made;
}

function created(name: string, options?: ElementCreationOptions): HTMLElement {
  const make = (tag: string) => Document.prototype.createElement.call(document, tag, options);
  if (name === "style") return styleElement(make("template"));
  const made = make(name);
  return made instanceof HTMLSpanElement ? cellElement(made) : made;
}

let users = 0;

/** From before the terminal is made until the function that it answers is called. */
export function allowTerminalStyles(): () => void {
  users += 1;
  if (users === 1) document.createElement = created;
  return () => {
    users -= 1;
    if (users === 0) delete (document as Partial<Document>).createElement;
  };
}
