// The snippets that are run, so that one which was added to a page without a test is found.
export const RUN = [
  "cli",
  "curl",
  "curl-ollama",
  "environment",
  "github-actions",
  "ingest",
  "js-ai",
  "js-langchain",
  "js-ollama",
  "js-openai",
  "keys",
  "python-access",
  "python-job",
  "python-requests",
  "service-key",
  "shenron",
  "usage",
] as const;

/** Those of run-vms.test.ts, on a real libvirtd. */
export const RUN_VMS = ["terraform-key", "vm-cli", "vm-curl"] as const;
