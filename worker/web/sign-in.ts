// The page that a sign-in link opens: takes the one-time code out of the address, exchanges it for a session, goes on.
import { htmlPage } from "./style.ts";

export const SIGN_IN_PAGE = htmlPage(
  "Sign in · Farhand",
  "/sign-in.js",
  `<main class="center"><div class="card">
<h1>Farhand</h1>
<p id="state" role="status">Signing in…</p>
<form id="form" hidden>
<label for="code">One-time code</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="128" required>
<button>Sign in</button>
</form>
<p id="help" class="soft" hidden>A link works once and for ten minutes. Make a new one with <code>farhand login --link</code> on the machine that runs Farhand.</p>
<noscript><p class="bad">This page needs JavaScript: the code in your link never reaches a server log that way.</p></noscript>
</div></main>`,
);

export const SIGN_IN_SCRIPT = String.raw`// Takes the code from the address, so that it is in no history, and exchanges it for a session.
"use strict";
const state = document.getElementById("state");
const form = document.getElementById("form");
const help = document.getElementById("help");
const field = document.getElementById("code");

function ask(text, isBad) {
  state.textContent = text;
  state.className = isBad ? "bad" : "";
  form.hidden = false;
  help.hidden = isBad; // a refusal says the same
  field.focus();
}

async function signIn(code) {
  form.hidden = true;
  state.className = "";
  state.textContent = "Signing in…";
  try {
    const answer = await fetch("/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    if (answer.ok) {
      state.textContent = "Signed in.";
      location.replace(back);
      return;
    }
    const problem = await answer.json().catch(() => ({}));
    ask([problem.detail || "That did not work.", problem.remedy || ""].join(" ").replaceAll("\x60", ""), true);
  } catch {
    ask("The edge does not answer. Is it still running?", true);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn(field.value.trim());
});
// Served in place of other pages too: their fragments are no codes, and they are where the way goes on.
const isOwnPage = location.pathname === "/sign-in";
const back = isOwnPage ? "/app/" : location.pathname + location.search + location.hash;
function codeOfAddress() {
  const code = isOwnPage ? location.hash.slice(1) : "";
  if (code) {
    history.replaceState(null, "", location.pathname);
    void signIn(code);
  }
  return code;
}
// A link that is opened where this page is shown already loads nothing.
addEventListener("hashchange", codeOfAddress);
if (!codeOfAddress()) ask("Open the sign-in link, or type its code here.", false);
`;
