// Fastify with ajv over the spec's own schemas, fast-jwt with its cache, undici's pool: node server.js PORT
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import { createVerifier } from "fast-jwt";
import { Pool } from "undici";

const pool = new Pool(process.env.PLATFORM, { connections: 64, pipelining: 1 });
const verify = createVerifier({
  key: readFileSync(process.env.PUBLIC_KEY, "utf8"),
  algorithms: ["RS256"],
  cache: 10000,
  ignoreExpiration: true,
  requiredClaims: ["jti", "sub", "exp"],
});
const spec = JSON.parse(readFileSync(process.env.SPEC, "utf8"));
const app = Fastify({
  logger: false,
  ajv: { customOptions: { strict: false, coerceTypes: false, removeAdditional: false, useDefaults: false, discriminator: false } },
});
app.addSchema({ $id: "spec", definitions: plain(spec.definitions) });

// Swagger's own words mean nothing to ajv; "readOnly" and "example" it knows and passes over.
function plain(node) {
  if (Array.isArray(node)) return node.map(plain);
  if (node === null || typeof node !== "object") return node;
  const kept = Object.entries(node).filter(([name, value]) => !(name === "discriminator" && typeof value === "string"));
  return Object.fromEntries(kept.map(([name, value]) => [name, plain(value)]));
}

const headers = {
  type: "object",
  required: ["x-request-id"],
  properties: { "x-request-id": { type: "string", minLength: 1, maxLength: 32 } },
};

function authorized(role) {
  return async (request, reply) => {
    try {
      const claims = verify((request.headers.authorization ?? "").slice("Bearer ".length));
      if (claims.resource_access["common-api"].roles.includes(role)) return;
    } catch {}
    return reply.code(401).send();
  };
}

async function call(method, path, body) {
  const answer = await pool.request({
    method,
    path,
    headers: body ? { "content-type": "application/json" } : undefined,
    body: body && JSON.stringify(body),
  });
  return answer.body.json();
}

app.setErrorHandler((error, request, reply) => {
  reply.code(error.validation ? 400 : 500).send({ code: "invalidRequest", message: error.message });
});

app.post(
  "/v2/processing/invoices",
  { schema: { headers, body: { $ref: "spec#/definitions/InvoiceParams" } }, onRequest: authorized("invoices:write") },
  async (request, reply) => {
    reply.code(201).header("x-request-id", request.headers["x-request-id"]);
    return call("POST", "/invoices", request.body);
  },
);

app.get(
  "/v2/processing/invoices/:invoiceID",
  { schema: { headers }, onRequest: authorized("invoices:read") },
  async (request, reply) => {
    reply.header("x-request-id", request.headers["x-request-id"]);
    return call("GET", `/invoices/${request.params.invoiceID}`);
  },
);

await app.listen({ host: "127.0.0.1", port: Number(process.argv[2]) });
