// Which operation has a form made for it; all others get the one from their schema.
import { CommandExecForm } from "./command-exec.tsx";
import { CommandRunForm } from "./command-run.tsx";
import type { OperationForm } from "./contract.ts";
import { HostProcessesForm, NothingToAsk } from "./host.tsx";
import { SchemaForm } from "./schema-form.tsx";

const FORMS: Readonly<Record<string, OperationForm>> = {
  "command.run": CommandRunForm,
  "command.exec": CommandExecForm,
  "host.info": NothingToAsk,
  "host.metrics": NothingToAsk,
  "host.processes": HostProcessesForm,
};

export const formOf = (operation: string): OperationForm => (Object.hasOwn(FORMS, operation) ? FORMS[operation]! : SchemaForm);
