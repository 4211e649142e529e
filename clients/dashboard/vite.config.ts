import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vitest/config";

// The edge of a running deck, for `npm run dev`: `make run` prints its address.
const edge = `http://127.0.0.1:${process.env["QUARTERDECK_EDGE_PORT"] ?? "8080"}`;

const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
].join("; ");

/** Nothing from elsewhere is loaded; only in the build, since the dev server injects scripts. */
function contentSecurityPolicy(): Plugin {
  const tag = {
    tag: "meta",
    attrs: { "http-equiv": "Content-Security-Policy", content: POLICY },
    injectTo: "head-prepend" as const,
  };
  return { name: "content-security-policy", apply: "build", transformIndexHtml: () => [tag] };
}

export default defineConfig({
  plugins: [react(), contentSecurityPolicy()],
  build: { target: "es2022", chunkSizeWarningLimit: 700 },
  server: {
    host: "127.0.0.1",
    proxy: { "/quarterdeck.api.": edge, "/v1": edge },
  },
  test: { include: ["tests/**/*.test.ts"], sequence: { shuffle: true } },
});
