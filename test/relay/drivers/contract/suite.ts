// The suite that every hypervisor passes: the same cases on one world. Cases are apart by noun, each with machines of its own, so that
// they run side by side.
import { afterAll, beforeAll, describe } from "vitest";
import { Contract, type ContractHost, type The } from "./contract.ts";
import { copyCases } from "./copies.ts";
import { diskCases } from "./disks.ts";
import { machineCases } from "./machines.ts";
import { mediaCases } from "./media.ts";
import { nicCases } from "./nics.ts";
import { planCases } from "./plans.ts";
import { powerCases } from "./power.ts";
import { refusalCases } from "./refusals.ts";
import { resourceCases } from "./resources.ts";
import { screenCases } from "./screens.ts";
import { snapshotCases } from "./snapshots.ts";
import { updateCases } from "./updates.ts";

const CASES: Readonly<Record<string, (the: The) => void>> = {
  machines: machineCases,
  power: powerCases,
  updates: updateCases,
  disks: diskCases,
  media: mediaCases,
  nics: nicCases,
  snapshots: snapshotCases,
  copies: copyCases,
  screens: screenCases,
  resources: resourceCases,
  refusals: refusalCases,
  plans: planCases,
};

export function testHypervisor(start: () => Promise<ContractHost>, options: { readonly skip: boolean; readonly timeoutMs: number }): void {
  const { skip, timeoutMs } = options;
  describe.skipIf(skip)("the contract of virtual machines", { timeout: timeoutMs, concurrent: true }, () => {
    let contract: Contract;
    beforeAll(async () => {
      contract = new Contract(await start());
    }, timeoutMs);
    afterAll(() => contract?.host.stop());
    for (const [noun, cases] of Object.entries(CASES)) describe(noun, () => cases(() => contract));
  });
}
