// The console: swagger-ui on the published spec. Operations that take card numbers go to the gateway that may see them.
(() => {
  const box = document.getElementById("console");
  const { spec, url, cardsUrl, key } = box.dataset;
  const cards = new Set();
  const ui = SwaggerUIBundle({
    url: spec,
    domNode: box,
    validatorUrl: null,
    docExpansion: "list",
    filter: true,
    deepLinking: true,
    tryItOutEnabled: true,
    defaultModelsExpandDepth: -1,
    persistAuthorization: false,
    plugins: [() => ({ wrapComponents: { InfoContainer: () => () => null } })],
    onComplete: () => {
      const read = ui.specSelectors.specJson().toJS();
      for (const path of Object.keys(read.paths))
        for (const operation of Object.values(read.paths[path]))
          if ((operation.tags || []).includes("Tokens")) cards.add(path);
      const [name, scheme] = Object.entries(read.securityDefinitions || read.components?.securitySchemes || {})[0] || [];
      if (key && name) ui.preauthorizeApiKey(name, scheme.type === "apiKey" ? `Bearer ${key}` : key);
      requestAnimationFrame(() => {
        document.getElementById("servers")?.setAttribute("aria-label", "Server");
        box.dataset.ready = "true";
      });
    },
    requestInterceptor: (request) => {
      for (const path of cards)
        if (request.url.startsWith(url) && request.url.split("?")[0].endsWith(path)) request.url = cardsUrl + request.url.slice(url.length);
      if (!request.loadSpec && !request.headers["X-Request-ID"]) request.headers["X-Request-ID"] = `try-${Date.now()}`;
      return request;
    },
  });
})();
