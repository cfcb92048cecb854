"use strict";

const session = document.getElementById("session");
let sessionEnd;

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
  const claims = token && claimsOf(token);
  const left = claims && claims.exp * 1000 - Date.now();
  delete session.dataset.signedIn;
  if (!token) {
    session.textContent = "Not signed in.";
  } else if (!claims) {
    session.textContent = "The token that was entered is none.";
  } else if (left <= 0) {
    session.textContent = "The token has ended: generate a new one.";
  } else {
    const name = claims.preferred_username ?? names.get(token) ?? claims.sub;
    session.textContent = `Signed in as ${name} until ${new Date(claims.exp * 1000).toLocaleTimeString()}.`;
    session.dataset.signedIn = "";
    // A browser counts no further than this.
    sessionEnd = setTimeout(showSession, Math.min(left, 2 ** 31 - 1), token);
  }
}

// Who signed in for a token here; a token need not tell.
const names = new Map();

// The token stays in the memory of this page: nothing is written to the browser's storage.
function keepToken(response) {
  const { pathname } = new URL(response.url);
  const token = response.status === 200 && pathname.startsWith("/api/") ? response.obj?.data?.access_token : null;
  if (token) {
    const name = nameIn(lastBody) ?? names.get(tokenOf(ui.authSelectors.authorized()));
    if (name) {
      names.set(token, name);
    }

    ui.preauthorizeApiKey("bearer", token);
  }

  return response;
}

let lastBody = "{}";

function rememberBody(request) {
  lastBody = request.url.endsWith("/api/token") ? request.body : "{}";
  return request;
}

function nameIn(body) {
  try {
    return JSON.parse(body).username;
  } catch {
    return null;
  }
}

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
  requestInterceptor: rememberBody,
  responseInterceptor: keepToken,
});

let shownToken;
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
