// What a host can give a machine: read from libvirt's own words, asked once for a connection.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capabilitiesOf, machineOf, readCapabilities, usualMachine } from "../../../../relay/drivers/libvirt/capabilities.ts";
import { needFirmware } from "../../../../relay/drivers/libvirt/vms/create-plan.ts";
import { LibvirtError } from "../../../../relay/drivers/libvirt/rpc/errors.ts";
import { Session, type LibvirtCalls } from "../../../../relay/drivers/libvirt/session.ts";
import { libvirtTableSchema } from "../../../../relay/drivers/libvirt/tables.ts";
import { parseXml } from "../../../../relay/drivers/libvirt/xml/parse.ts";
import { libvirtdMissing } from "../../../fixtures/libvirtd.ts";
import { connectedDaemon, type ConnectedDaemon } from "./real-clients.ts";

const read = (inner: string) =>
  readCapabilities(
    parseXml(`<domainCapabilities><path>/q</path><arch>x86_64</arch><machine>m</machine>${inner}</domainCapabilities>`).root,
  );
const tpm = (backends: string, versions = "") =>
  read(`<devices><tpm supported='yes'><enum name='model'><value>tpm-tis</value><value>tpm-crb</value></enum>
    <enum name='backendModel'>${backends}</enum>${versions}</tpm></devices>`).tpmModel;

describe("what libvirt says of a host", () => {
  it("without OVMF and swtpm is neither secure boot nor TPM", () => {
    const bare = read(
      "<vcpu max='255'/><os supported='yes'><enum name='firmware'/><loader supported='yes'><enum name='secure'><value>no</value></enum></loader></os><devices><tpm supported='no'/></devices>",
    );
    expect(bare).toMatchObject({ maxCpus: 255, uefi: false, secureBoot: false, tpmModel: null });
    expect([...bare.cpuModes]).toEqual([]);
  });

  it("a TPM is swtpm's of version 2.0: neither the host's own nor an old one", () => {
    expect(tpm("<value>passthrough</value>")).toBeNull();
    expect(tpm("<value>emulator</value>", "<enum name='backendVersion'><value>1.2</value></enum>")).toBeNull();
    expect(tpm("<value>emulator</value>", "<enum name='backendVersion'><value>1.2</value><value>2.0</value></enum>")).toBe("tpm-crb");
    // Before 8.6 it named no versions.
    expect(tpm("<value>emulator</value>")).toBe("tpm-crb");
  });

  it("secure boot needs a firmware that libvirt chooses and that has it", () => {
    const loader = "<loader supported='yes'><enum name='secure'><value>yes</value></enum></loader>";
    expect(read(`<os><enum name='firmware'><value>efi</value></enum>${loader}</os>`).secureBoot).toBe(true);
    expect(read(`<os><enum name='firmware'><value>bios</value></enum>${loader}</os>`).secureBoot).toBe(false);
  });
});

describe("firmware of a new machine", () => {
  const of = (arch: string) => ({ arch, uefi: true, secureBoot: true, tpmModel: null, cpuModes: new Set<string>() });

  it("is no BIOS where there is none", () => {
    needFirmware({ firmware: "bios" }, of("x86_64"));
    needFirmware({ firmware: "uefi" }, of("aarch64"));
    expect(() => needFirmware({ firmware: "bios" }, of("aarch64"))).toThrow(
      expect.objectContaining({
        code: "HYPERVISOR_UNSUPPORTED",
        errors: [expect.objectContaining({ pointer: "/firmware" })],
      }) as Error,
    );
  });
});

describe("a host whose processor does not help", () => {
  const INVALID_ARG = 8;
  const of = (type: "kvm" | "qemu") => {
    const error = new LibvirtError("daemon", "the accel 'kvm' is not supported", { number: INVALID_ARG });
    const client = { call: () => Promise.reject(error), openStream: () => Promise.reject(error) };
    return capabilitiesOf(new Session(client, libvirtTableSchema.parse({ domain_type: type })));
  };

  it("says so where its table wants that; any other error stays what it is", async () => {
    await expect(of("kvm")).rejects.toMatchObject({
      code: "HYPERVISOR_UNSUPPORTED",
      message: expect.stringContaining("domain_type") as string,
    });
    await expect(of("qemu")).rejects.toBeInstanceOf(LibvirtError);
  });
});

describe.skipIf(libvirtdMissing !== null)("on a real libvirtd", () => {
  let libvirt: ConnectedDaemon;
  let session: Session;
  const asked: unknown[] = [];
  beforeAll(async () => {
    libvirt = await connectedDaemon();
    const { client } = libvirt;
    const counted: LibvirtCalls = {
      openStream: (...args) => client.openStream(...args),
      call: (name, ...rest) => {
        if (name === "connectGetDomainCapabilities") asked.push(rest[0]);
        return client.call(name, ...rest);
      },
    };
    session = new Session(counted, libvirtTableSchema.parse({ domain_type: "qemu" }));
  });
  afterAll(() => libvirt?.stop());

  it("the usual machine is what virsh says, asked once by all who ask", async () => {
    const [one, other] = await Promise.all([capabilitiesOf(session), capabilitiesOf(session)]);
    expect(one).toBe(other);
    expect(asked.length).toBe(1);
    const { daemon } = libvirt;
    const kind = usualMachine(session.table);
    const said = parseXml(await daemon.virsh(daemon.uri, "domcapabilities", "--virttype", "qemu", "--machine", kind.machine!)).root;
    expect(one).toEqual(readCapabilities(said));
    expect(one.machine).toBe(said.find("machine")!.text);
    expect(one.maxCpus).toBe(Number(said.find("vcpu")!.attribute("max")));
    expect(one.cpuModes.has("maximum")).toBe(true);
    expect(one.videoModels.has("vga")).toBe(true);
  });

  it("another kind of machine is asked for itself, and one that cannot be is asked again", async () => {
    const pc = machineOf(parseXml("<domain type='qemu'><os><type arch='x86_64' machine='pc'>hvm</type></os></domain>").root);
    const found = await capabilitiesOf(session, pc);
    expect(found.machine).toMatch(/^pc-i440fx/);
    expect(found.secureBoot).toBe(false);
    const before = asked.length;
    for (let left = 2; left > 0; left -= 1) await expect(capabilitiesOf(session, { ...pc, machine: "no-such" })).rejects.toThrow();
    expect(asked.length).toBe(before + 2);
  });
});
