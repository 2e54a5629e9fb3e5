// XML as a tree: every byte of what is not changed comes back, what is changed is what libvirt reads, and hostile text is refused.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseXml, XML_LIMITS } from "../../../../relay/drivers/libvirt/xml/parse.ts";
import { forbiddenAt, XmlError } from "../../../../relay/drivers/libvirt/xml/text.ts";
import { writeXml, XmlElement } from "../../../../relay/drivers/libvirt/xml/tree.ts";
import { random } from "./arbitraries.ts";

const folder = join(import.meta.dirname, "domains");
const corpus = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")] as const);
const rootOf = (text: string) => parseXml(text).root;
const domain = (name: string) => parseXml(corpus.find(([file]) => file === name)![1]);

describe("a tree that was not changed", () => {
  it.each(corpus)("of %s is written byte for byte", (_name, text) => {
    expect(writeXml(parseXml(text))).toBe(text);
    expect(rootOf(text).clone().toString()).toBe(rootOf(text).toString());
  });
});

describe("a tree that was changed", () => {
  it.each(corpus)("of %s differs in that place only", (_name, text) => {
    const document = parseXml(text);
    const vcpu = document.root.find("vcpu")!;
    const old = vcpu.toString();
    vcpu.setText("16");
    expect(writeXml(document)).toBe(text.replace(old, vcpu.toString()));
    expect(vcpu.toString()).toContain(">16</vcpu>");
  });

  it("keeps an element's other attributes, in their order, and its children", () => {
    const document = domain("virt-install-q35-uefi.xml");
    const interfaces = document.root.find("devices/interface")!;
    interfaces.find("mac")!.setAttribute("address", "52:54:00:00:00:01");
    interfaces.find("bandwidth/inbound")!.setAttribute("burst", null).setAttribute("floor", "1");
    const again = rootOf(writeXml(document)).find("devices/interface")!;
    expect([...again.find("bandwidth/inbound")!.attributes]).toEqual([
      ["average", "1000"],
      ["peak", "5000"],
      ["floor", "1"],
    ]);
    expect(again.elements().map((child) => child.name)).toEqual([
      "mac",
      "source",
      "virtualport",
      "vlan",
      "model",
      "filterref",
      "bandwidth",
      "address",
    ]);
  });

  it("is not touched by setting what is there", () => {
    const text = corpus[0]![1];
    const document = parseXml(text);
    const vcpu = document.root.find("vcpu")!;
    vcpu.setText(vcpu.text);
    for (const [name, value] of vcpu.attributes) vcpu.setAttribute(name, value);
    expect(writeXml(document)).toBe(text);
  });

  it("takes devices in and out where they are said to go", () => {
    const { root } = domain("hand-edited.xml");
    const devices = root.find("devices")!;
    const disk = devices.find("disk")!;
    const cdrom = new XmlElement("disk", [["device", "cdrom"]]);
    cdrom.append(new XmlElement("target", [["dev", "sda"]]));
    devices.insertAfter(disk, cdrom);
    expect(devices.elements().map((child) => child.name)).toEqual(["disk", "disk", "filesystem", "future", "memory"]);
    expect(devices.toString()).toContain("</disk><disk device='cdrom'><target dev='sda'/></disk>");
    expect([devices.remove(disk), devices.remove(disk)]).toEqual([true, false]);
    expect(devices.toString()).toContain("<!-- <disk type='file'/> commented out -->");
    expect(() => devices.insertAfter(disk, cdrom)).toThrow(XmlError);
  });

  it("finds and makes what is asked for", () => {
    const { root } = domain("virt-install-q35-uefi.xml");
    const metadata = root.find("metadata")!;
    expect(metadata.findIn("http://libosinfo.org/xmlns/libvirt/domain/1.0", "libosinfo")?.name).toBe("libosinfo:libosinfo");
    expect(metadata.findIn("urn:example:other", "thing")?.text).toBe(" raw <text> & more ");
    expect(root.find("os/nvram")?.attribute("template")).toContain("VARS_4M.ms.fd");
    expect([root.find("os/nothing/there"), root.ensure("sysinfo") === root.ensure("sysinfo")]).toEqual([null, true]);
  });
});

describe("values", () => {
  it("are what an XML reader sees", () => {
    const { root } = domain("hand-edited.xml");
    expect(root.find("name")?.text).toBe("lab-1");
    expect(root.find("os/cmdline")?.text).toBe('console=ttyS0 quiet a="b c" &&');
    expect(root.find("devices/disk/source")?.attribute("file")).toBe("/srv/ä ü/größe\ttab.qcow2");
    expect(root.find("sysinfo/oemStrings/entry")?.text).toContain("1\n2");
    expect(rootOf("<a b='x\n\ty'>c\r\nd</a>")).toMatchObject({ text: "c\nd" });
    expect(rootOf("<a b='x\n\ty'/>").attribute("b")).toBe("x  y");
    expect(domain("virt-manager-windows.xml").root.find("devices/graphics")?.attribute("passwd")).toBe(`hunter2"'&`);
  });

  it("of any kind come back as they went, as text and as attribute", () => {
    const allowed = fc.string({ unit: "grapheme" }).filter((text) => text.isWellFormed() && forbiddenAt(text) < 0);
    fc.assert(
      fc.property(allowed, (value) => {
        const element = new XmlElement("a", [["b", value]]).setText(value);
        const read = rootOf(element.toString());
        expect([read.text, read.attribute("b")]).toEqual([value, value]);
      }),
    );
  });

  it("that XML does not allow are refused when written", () => {
    expect(() => new XmlElement("a").setText("\0")).toThrow(XmlError);
    expect(() => new XmlElement("a", [["b", "\u0001"]]).toString()).toThrow(XmlError);
    expect(() => new XmlElement("a b")).toThrow(XmlError);
    expect(() => new XmlElement("a").setAttribute("x='1' y", "2")).toThrow(XmlError);
  });
});

describe("hostile text", () => {
  it.each([
    ["a document type", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"],
    ["an unknown entity", "<a>&x;</a>"],
    ["a bare ampersand", "<a b='&'/>"],
    ["a reference to NUL", "<a>&#0;</a>"],
    ["a reference beyond Unicode", "<a>&#x110000;</a>"],
    ["a surrogate by reference", "<a>&#xd800;</a>"],
    ["a NUL", "<a>\0</a>"],
    ["nothing", ""],
    ["two roots", "<a/><b/>"],
    ["text after the root", "<a/>x"],
    ["CDATA before the root", "<![CDATA[x]]><a/>"],
    ["no end", "<a><b></b>"],
    ["ends crossed", "<a><b></a></b>"],
    ["an end too many", "</a>"],
    ["an attribute twice", "<a b='1' b='2'/>"],
    ["an attribute without blanks before it", "<a b='1'c='2'/>"],
    ["an attribute without quotes", "<a b=1/>"],
    ["< in an attribute", "<a b='<'/>"],
    ["-- in a comment", "<a><!-- -- --></a>"],
    ["]]> in text", "<a>]]></a>"],
    ["a prefix that is not declared", "<x:a/>"],
    ["a name that is none", "<1a/>"],
    ["too deep", "<a>".repeat(XML_LIMITS.depth + 1)],
    ["too many attributes", `<a${Array.from({ length: XML_LIMITS.attributes + 1 }, (_, index) => ` a${index}=''`).join("")}/>`],
  ])("with %s is refused", (_name, text) => {
    expect(() => parseXml(text)).toThrow(XmlError);
  });

  it("of any kind is read or refused, and what is read is written as it was", () => {
    const below = random(5);
    const source = corpus.map(([, text]) => text);
    const pieces = [
      "<",
      ">",
      "</",
      "/>",
      "'",
      '"',
      "&",
      ";",
      "<!--",
      "-->",
      "<![CDATA[",
      "]]>",
      "<?",
      "?>",
      "=",
      "\0",
      " ",
      "xmlns='u'",
      "<a>",
      "</a>",
    ];
    let refused = 0;
    for (let turn = 0; turn < 3_000; turn += 1) {
      const text = source[turn % source.length]!;
      const at = below(text.length);
      const changed = text.slice(0, at) + pieces[below(pieces.length)]! + text.slice(at + below(4));
      try {
        expect(writeXml(parseXml(changed))).toBe(changed);
      } catch (error) {
        if (!(error instanceof XmlError)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(300);
  });

  it("is not quoted in errors", () => {
    expect(() => parseXml("<graphics passwd='hunter2' passwd='x'/>")).toThrow(/^(?!.*hunter2)/);
  });
});
