import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/**/*.test.ts"], sequence: { shuffle: true }, testTimeout: 15_000 },
});
