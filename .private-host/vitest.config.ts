import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
export default defineConfig({ root: "/work/main", plugins: [cloudflareTest({ wrangler: { configPath: "/work/main/.private-host/wrangler.toml" } })], test: { name: "w", include: ["test/worker/**/*.test.ts"], testTimeout: 30_000 } });
