// Each rule of the agents' PowerShell finds the mistake that it is there for, and leaves what is right alone.
import { describe, expect, it } from "vitest";
import { root } from "../conventions/sources.ts";
import { commandTable, lintCalls } from "./command-table.ts";
import { ENTRY_RULES, FUNCTION_RULES, PARSE_RULES, type Rule, SYNTAX_RULES } from "./rules.ts";
import { parseScript } from "./syntax.ts";

const found = (rule: Rule, text: string, path = "agents/x/functions/Get-Thing.ps1") => rule.find(parseScript(path, text)).length;

/** By rule: texts that are wrong, and texts that look like them and are right. */
const PLANTED: Record<string, { wrong: string[]; right: string[] }> = {
  "is PowerShell": {
    wrong: ["function A {", "if ($a -eq 1 { 2 }", "$a = @(1, 2", "'unfinished", "foreach ($a on $b) { 1 }"],
    right: [
      "if ($a -cin $b) { 1 } elseif ($a -cnotin $b) { 2 }",
      "@{ a = 1; b = @(, 2) }",
      'Set-VM -VM $vm -Notes "a$($b.c)d"',
      "@'\n$x && ?\n'@",
    ],
  },
  "is ASCII": { wrong: ["'ä'", "$a = 1\r\n"], right: ["[char]0xe4", "\t1"] },
  "has no ternary": { wrong: ["$a = $b ? 1 : 2"], right: ["$a = $b | Where-Object { $_ }", "'a ? b : c'"] },
  "has no ??": { wrong: ["$a = $b ?? 1", "$a ??= 1"], right: ["'a ?? b'", "# a ?? b"] },
  "has no ?. or ?[": { wrong: ["$c = ${a}?.Length", "$c = ${a}?[0]"], right: ["$a = 'x?.y'", "[regex] '[a]?[b]'"] },
  "has no && or ||": { wrong: ["Get-VM && Get-VM", "Get-VM || throw 1"], right: ["$a -and $b -or $c", "'a && b'"] },
  "starts no line with a pipe": { wrong: ["Get-VM\n    | Sort-Object"], right: ["Get-VM |\n    Sort-Object", "@'\n| a\n'@"] },
  "has no clean block": {
    wrong: ["function A { process { 1 } clean { 2 } }"],
    right: ["function A { begin { 1 } process { 2 } end { 3 } }"],
  },
  "has no newer numbers and signs": {
    wrong: ["$a = 1uy", "$a = 5n", "$a = 7ul", '"`u{1F600}"', '"a`e[0m"', '@"\n`e\n"@'],
    right: ["$a = 5MB", "$a = 3L", "$a = 0xffl", '"``e"', "'`e'", '"`n`t`0"'],
  },
  "has no variables of 6 and later": {
    wrong: ["if ($IsWindows) { 1 }", "$PSStyle.OutputRendering", "$global:IsLinux"],
    right: ["$isWindow", "$PSVersionTable", "$PSScriptRoot"],
  },
  "has no members of .NET alone": {
    wrong: [
      "[Math]::Clamp(1, 2, 3)",
      "[Convert]::ToHexString($b)",
      "$p.Kill($true)",
      "[Environment]::ProcessId",
      "$s.ArgumentList.Add('a')",
    ],
    right: ["[Math]::Max(1, 2)", "[Convert]::ToBase64String($b)", "$p.Kill()", "$s.Arguments = 'a'"],
  },
  "has no parameters of 6 and later": {
    wrong: [
      "ConvertFrom-Json -InputObject $a -AsHashtable",
      "ConvertFrom-Json $a -Depth 9",
      "ConvertFrom-Json $a -NoEnumerate",
      "1 | ForEach-Object -Parallel { 1 }",
      "Invoke-RestMethod -Uri $u -SkipCertificateCheck",
      "Sort-Object -Top 3",
      "Get-Content -AsByteStream $p",
    ],
    right: [
      "ConvertFrom-Json -InputObject $a",
      "ConvertTo-Json -Depth 9 -Compress",
      "1 | ForEach-Object -Process { 1 }",
      "Sort-Object -Property a",
      "'-AsHashtable'",
    ],
  },
  "has no encodings of 6 and later": {
    wrong: ["Set-Content -Path a -Encoding utf8NoBOM", "Out-File a -Encoding 'utf8BOM'"],
    right: ["Set-Content -Path a -Encoding UTF8"],
  },
  "joins two paths at a time": { wrong: ["Join-Path a b c"], right: ["Join-Path a b", "Join-Path -Path a -ChildPath b"] },
  "calls nothing that is barred": {
    wrong: ["Get-WmiObject Win32_X", "Invoke-Expression $a", "iex $a", "Write-Host a"],
    right: ["Get-CimInstance -ClassName Win32_X", "& $a"],
  },
  "addresses machines by id": {
    wrong: ["Get-VM -Name $a", "Stop-VM -Name a -TurnOff", "Get-VMHardDiskDrive -VMName $a", "@(Get-VM -Name $a)[0]"],
    right: [
      "Get-VM -Id $a",
      "New-VM -Name a -NoVHD",
      "Rename-VM -VM $vm -NewName a",
      "Get-VMSnapshot -VM $vm -Name a",
      "if (@(Get-VM -Name $a).Count -gt 1) { 2 }",
    ],
  },
  "sets strict mode first": {
    wrong: ["$a = 1\nSet-StrictMode -Version Latest", "# x\nSet-StrictMode -Version 1"],
    right: ["# x\nSet-StrictMode -Version Latest\n$a = 1"],
  },
};

const RIGHT = `function Get-Thing {
    <#
    .SYNOPSIS
    A thing.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [string] $Id)
    $Id
}
`;
/** What makes the right function wrong, by rule. */
const SPOILT: Record<string, { path?: string; text: string }[]> = {
  "holds one function with the file's name and nothing else": [
    { text: RIGHT.replace("Get-Thing", "Get-Other") },
    { text: `${RIGHT}\nfunction Get-Other { 1 }\n` },
    { text: `${RIGHT}\n$x = 1\n` },
    { text: RIGHT.replace("    $Id\n", "    function A { 1 }\n") },
    { text: "# nothing\n" },
  ],
  "has an approved verb": [{ path: "agents/x/functions/Fetch-Thing.ps1", text: RIGHT.replace("Get-Thing", "Fetch-Thing") }],
  "says in its help what it does": [
    { text: RIGHT.replace("    .SYNOPSIS\n    A thing.\n", "") },
    { text: RIGHT.replace("    A thing.\n", "\n") },
  ],
  "states its CmdletBinding": [{ text: RIGHT.replace("    [CmdletBinding()]\n", "") }],
  "states its OutputType": [{ text: RIGHT.replace("    [OutputType([string])]\n", "") }],
};

describe("rules", () => {
  const rules = [...PARSE_RULES, ...SYNTAX_RULES, ...ENTRY_RULES];

  it("are all planted against", () => {
    expect(rules.map(({ name }) => name).toSorted()).toEqual(Object.keys(PLANTED).toSorted());
    expect(FUNCTION_RULES.map(({ name }) => name).toSorted()).toEqual(Object.keys(SPOILT).toSorted());
  });

  it.each(rules)("$name: finds mistakes, and nothing else", (rule) => {
    const { wrong, right } = PLANTED[rule.name]!;
    expect(wrong.filter((text) => found(rule, text) === 0)).toEqual([]);
    expect(right.filter((text) => found(rule, text) > 0)).toEqual([]);
  });

  it.each(FUNCTION_RULES)("of functions: $name", (rule) => {
    expect(found(rule, RIGHT)).toBe(0);
    for (const { text, path } of SPOILT[rule.name]!) expect(found(rule, text, path)).toBeGreaterThan(0);
  });
});

describe("the linter of calls", () => {
  const table = commandTable(root);
  const lint = (text: string) => lintCalls(parseScript("x.ps1", text), table).map(({ what }) => what);

  it("knows the cmdlets that stand in for Hyper-V, and the agent's functions", () => {
    const origins = [...table.values()].map(({ origin }) => origin);
    expect(origins.filter((origin) => origin === "Hyper-V").length).toBeGreaterThan(60);
    expect(origins.filter((origin) => origin === "agent").length).toBeGreaterThan(100);
    expect(table.get("set-vm")!.parameters.has("automaticcheckpointsenabled")).toBe(true);
  });

  it.each([
    "Get-VMNetworkAdaptr -VM $vm",
    "Set-VM -VM $vm -Memory 1GB",
    "Set-VM -VM $vm -CheckpointType Sometimes",
    "Add-VMHardDiskDrive -VM $vm -ControllerType 'SATA'",
    "Get-VM web",
    "Stop-VM -VM $vm -TurnOff now",
    "$set = @{ VM = $vm; StartBytes = 1 }; Set-VMMemory @set",
    "$set = @{ VM = $vm }; $set.Startup = 1; Set-VMMemory @set",
    "$set = @{ VM = $vm }; $set['Startup'] = 1; Set-VMMemory @set",
    "Get-AgentVm -Identity $id",
    "Invoke-Something",
    "Install-Module x",
  ])("finds %s", (text) => {
    expect(lint(text)).toHaveLength(1);
  });

  it.each([
    "Set-VM -VM $vm -CheckpointType Disabled -AutomaticCheckpointsEnabled $false -ErrorAction Stop",
    "Stop-VM -VM $vm -TurnOff -Force",
    "Remove-VMSnapshot -VMSnapshot $a.b -IncludeAllChildSnapshots:$all -Confirm:$false",
    "$set = @{ VM = $vm }; $set.StartupBytes = 1; Set-VMMemory @set",
    "Set-VMFirmware -VM $vm -BootOrder $list.ToArray()",
    "Get-VM -Id $id | Where-Object { $_.State -eq 'Off' }",
    "& $block 1 2",
  ])("leaves %s", (text) => {
    expect(lint(text)).toEqual([]);
  });
});
