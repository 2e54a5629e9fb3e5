// The page to read and try the interface: its frame. What fills it is made by the script, from /openapi.json.
import { htmlPage } from "./style.ts";

export const DOCS_PAGE = htmlPage(
  "Interface · Farhand",
  "/docs.js",
  `<main>
<h1>Farhand</h1>
<p class="soft" id="about">Every route there is. Open one to read it and to try it.</p>
<div class="bar">
<div><label for="filter">Find</label><input id="filter" type="search" placeholder="jobs, POST, hosts…" autocomplete="off"></div>
<div><label for="key">API key <span class="soft">instead of your session; kept in this page only</span></label><input id="key" type="password" autocomplete="off" placeholder="fh_…"></div>
</div>
<p id="state" role="status">Loading…</p>
<div id="routes"></div>
<noscript><p class="bad">This page needs JavaScript. The same is in <a href="/openapi.json">openapi.json</a>.</p></noscript>
</main>`,
);

export { DOCS_SCRIPT } from "./docs-script.ts";
