// The OpenAPI document for people: Swagger UI, whose files are not ours (web/package.json).
const SwaggerUI = globalThis.SwaggerUIBundle;

document.getElementById("lacking").hidden = Boolean(SwaggerUI);
SwaggerUI?.({
  url: "/api/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  tryItOutEnabled: true,
  // Colours would come as style attributes in markup, which the page's policy does not admit.
  syntaxHighlight: false,
  // It would send the document's address to a server of others.
  validatorUrl: null,
});
