// Rules about calls: commands and parameters that Windows PowerShell 5.1 or PowerShell 7 lacks, and what the agent must not call.
import type { Rule } from "./rules.ts";
import { at, calls, type Call, type Finding, type Script } from "./syntax.ts";

/** Parameters that came with PowerShell 6 or later. */
const NEWER: Record<string, string> = {
  "convertfrom-json": "ashashtable depth noenumerate datekind",
  "convertto-json": "asarray enumsasstrings escapehandling",
  "foreach-object": "parallel throttlelimit timeoutseconds asjob usenewrunspace",
  "invoke-webrequest":
    "skipcertificatecheck skipheadervalidation skiphttperrorcheck form noproxy authentication token allowunencryptedauthentication maximumretrycount retryintervalsec resume sslprotocol preservemethodonredirect httpversion",
  "join-path": "additionalchildpath extension",
  "split-path": "leafbase extension",
  "get-content": "asbytestream",
  "set-content": "asbytestream",
  "add-content": "asbytestream",
  "get-childitem": "followsymlink",
  "get-date": "asutc unixtimeseconds",
  "get-random": "shuffle",
  "select-object": "caseinsensitive",
  "select-string": "raw noemphasis culture",
  "sort-object": "top bottom stable",
  "start-process": "environment",
  "start-sleep": "duration",
  "measure-object": "allstats standarddeviation",
  "out-string": "nonewline",
  "new-guid": "empty inputobject",
  "test-connection": "tcpport ping targetname ipv4 ipv6 mtusize traceroute",
  "get-process": "includemodules",
  "import-module": "skipeditioncheck usewindowspowershell",
  "set-strictmode": "off",
};
NEWER["invoke-restmethod"] = `${NEWER["invoke-webrequest"]} followrellink maximumfollowrellink statuscodevariable responseheadersvariable`;

/** Gone in 7, not yet in 5.1, or a way to run text. */
const BARRED =
  /^(Get-WmiObject|Set-WmiInstance|Invoke-WmiMethod|Remove-WmiObject|Register-WmiEvent|Invoke-Expression|iex|Add-Type|Get-Error|Get-Uptime|Join-String|Test-Json|Remove-Service|Remove-Alias|Show-Markdown|ConvertFrom-Markdown|ConvertFrom-SecureString|Read-Host|Invoke-Command|Start-Job|Start-ThreadJob|Write-Host|Out-Host|Write-Output)$/i;

/** These take wildcards, or names that several machines have. */
const BY_NAME = /^(Get|Start|Stop|Restart|Resume|Suspend|Save|Remove|Set|Export|Checkpoint|Rename|Measure|Move|Update)-VM$/i;

const perCall = (name: string, judge: (call: Call) => string[]): Rule => ({
  name,
  find: (script: Script): Finding[] => calls(script).flatMap((call) => judge(call).map((what) => at(call.node, what))),
});

export const commandRules: readonly Rule[] = [
  perCall("has no parameters of 6 and later", (call) => {
    const newer = NEWER[call.name.toLowerCase()]?.split(" ") ?? [];
    const found = call.parameters.filter(({ name }) => newer.includes(name.toLowerCase()));
    return found.map(({ name }) => `${call.name} -${name} is not there in 5.1, or barred`);
  }),
  perCall("has no encodings of 6 and later", (call) =>
    call.parameters
      .filter(({ name, value }) => /^encoding$/i.test(name) && /^['"]?(utf8NoBOM|utf8BOM|ansi)['"]?$/i.test(value?.text ?? ""))
      .map(({ value }) => `${call.name} -Encoding ${value!.text} is not there in 5.1`),
  ),
  perCall("joins two paths at a time", (call) =>
    /^join-path$/i.test(call.name) && call.positional.length > 2 ? ["Join-Path takes two paths in 5.1"] : [],
  ),
  perCall("calls nothing that is barred", (call) => (BARRED.test(call.name) ? [`${call.name} is barred`] : [])),
  perCall("addresses machines by id", (call) => {
    // To count how many have a name is no address.
    if (/^@\(Get-VM -Name \$\w+\)\.Count$/.test(call.node.parent?.parent?.parent?.parent?.parent?.text ?? "")) return [];
    const names = call.parameters.filter(({ name }) => /^VMName$/i.test(name) || (/^Name$/i.test(name) && BY_NAME.test(call.name)));
    return names.map(({ name }) => `${call.name} -${name} takes names, and wildcards`);
  }),
];
