"use strict";

const session = document.getElementById("session");

// The token stays in the memory of this page: nothing is written to the browser's storage.
function keepToken(response) {
  const token = response.status === 200 && new URL(response.url).pathname === "/api/token" ? response.obj.data : null;
  if (token) {
    ui.preauthorizeApiKey("bearer", token.access_token);
    const end = new Date(Date.now() + token.expires_in * 1000);
    session.textContent = `Signed in until ${end.toLocaleTimeString()}.`;
    session.dataset.signedIn = "";
  }

  return response;
}

const ui = SwaggerUIBundle({
  url: "/openapi/v1.json",
  dom_id: "#operations",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  responseInterceptor: keepToken,
});
