// Jobs of all hosts.
import type { ScreenProps } from "../app.tsx";
import { Screen } from "../parts/screen.tsx";
import { JobList } from "./job-list.tsx";

export const Jobs = ({ query }: ScreenProps) => (
  <Screen title="Jobs">
    <JobList query={query} at="jobs" />
  </Screen>
);
