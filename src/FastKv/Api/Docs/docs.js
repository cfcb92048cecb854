"use strict";

const session = document.getElementById("session");
const signOut = document.getElementById("sign-out");
let sessionEnd;
let renewal;
let shownToken;

// What the token says of itself: the service alone can tell whether it is good.
function claimsOf(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims.exp === "number" ? claims : null;
  } catch {
    return null;
  }
}

// The line follows the token, however it came or went: by this page, by the dialog of Authorize, or by its end.
function showSession(token) {
  clearTimeout(sessionEnd);
  clearTimeout(renewal);
  const claims = token && claimsOf(token);
  const left = claims && claims.exp * 1000 - Date.now();
  delete session.dataset.signedIn;
  signOut.hidden = !claims || left <= 0;
  if (!token) {
    session.textContent = "Not signed in.";
  } else if (!claims) {
    session.textContent = "The token that was entered is none.";
  } else if (left <= 0) {
    session.textContent = "The token has ended: generate a new one.";
  } else {
    const name = claims.preferred_username ?? claims.sub;
    session.textContent = `Signed in as ${name} until ${new Date(claims.exp * 1000).toLocaleTimeString()}.`;
    session.dataset.signedIn = "";
    // A browser counts no further than this.
    sessionEnd = setTimeout(showSession, Math.min(left, 2 ** 31 - 1), token);
    renewal = setTimeout(renew, Math.min(Math.max(left - 60_000, left / 2), 2 ** 31 - 1), token);
  }
}

const send = (method, path, token) => fetch(path, { method, headers: { Authorization: `Bearer ${token}` } });

// A minute before a token ends it is renewed, or after half of its time if that is short, as long as its session lives.
async function renew(token) {
  const response = await send("POST", "/api/token/renew", token).catch(() => null);
  if (response?.status === 200 && token === shownToken) {
    ui.preauthorizeApiKey("bearer", (await response.json()).data.access_token);
  }
}

// The page forgets the token when the service says that its session has ended, or that it had ended already.
signOut.addEventListener("click", async () => {
  const response = await send("DELETE", "/api/token", shownToken).catch(() => null);
  if (response?.status === 200 || response?.status === 401) {
    ui.authActions.logout(["bearer"]);
  } else {
    session.textContent = "The service could not sign you out: try again.";
  }
});

// The token stays in the memory of this page: nothing is written to the browser's storage.
function keepToken(response) {
  const { pathname } = new URL(response.url);
  if (response.status === 200 && pathname.startsWith("/api/")) {
    const token = response.obj?.data?.access_token;
    if (token) {
      ui.preauthorizeApiKey("bearer", token);
    } else if (endsSession.includes(response.obj?.message)) {
      ui.authActions.logout(["bearer"]);
    }
  }

  return response;
}

const endsSession = ["Signed out successfully.", "Account deleted successfully."];

const tokenOf = (authorized) => authorized?.getIn(["bearer", "value"]);

// In place of a block of examples for each status, one table of all errors of an operation.
function withTableOfErrors(document) {
  for (const operation of Object.values(document.paths ?? {}).flatMap((path) => Object.values(path))) {
    const rows = [];
    for (const [status, response] of Object.entries(operation.responses ?? {})) {
      const examples = Object.values(response.content?.["application/json"]?.examples ?? {}).map(({ value }) => value);
      if (status >= "400" && examples.every((value) => value?.code)) {
        rows.push(...examples.map(({ code, message }) => `| ${status} | \`${code}\` | ${message} |`));
        delete operation.responses[status];
      }
    }

    if (rows.length > 0) {
      operation.responses.error = {
        description: ["| Status | Code | Message |", "|---|---|---|", ...rows].join("\n"),
      };
    }
  }

  return document;
}

const ui = SwaggerUIBundle({
  url: "/openapi/v1.json",
  dom_id: "#operations",
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [
    {
      statePlugins: {
        spec: { wrapActions: { updateJsonSpec: (update) => (document) => update(withTableOfErrors(document)) } },
      },
    },
  ],
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  responseInterceptor: keepToken,
});

ui.getStore().subscribe(() => {
  const token = tokenOf(ui.authSelectors.authorized());
  if (token !== shownToken) {
    shownToken = token;
    showSession(token);
  }
});

// Dark or light as the system is.
const dark = matchMedia("(prefers-color-scheme: dark)");
const followSystem = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followSystem);
followSystem();
