// The rules of the agents' PowerShell: what Windows PowerShell 5.1 does not know, and how a file of the agent looks.
import { commandRules } from "./rules-commands.ts";
import { all, at, brokenAt, codeOf, type Finding, type Script } from "./syntax.ts";

export interface Rule {
  name: string;
  find: (script: Script) => Finding[];
}

/** Verbs that PowerShell 5.1 and 7 approve (`Get-Verb`), of those an agent has a use for. */
const VERBS = new Set(
  (
    "Add Clear Close Copy Enter Exit Find Format Get Hide Join Lock Move New Open Optimize Pop Push Redo Remove Rename Reset Resize " +
    "Search Select Set Show Skip Split Step Switch Undo Unlock Watch Connect Disconnect Read Receive Send Write Backup Checkpoint " +
    "Compare Compress Convert ConvertFrom ConvertTo Dismount Edit Expand Export Group Import Initialize Limit Merge Mount Out Publish " +
    "Restore Save Sync Unpublish Update Approve Assert Complete Confirm Deny Disable Enable Install Invoke Register Request Restart " +
    "Resume Start Stop Submit Suspend Uninstall Unregister Wait Debug Measure Ping Repair Resolve Test Trace Block Grant Protect Revoke " +
    "Unblock Unprotect Use"
  ).split(" "),
);
const NEWER_VARIABLES = /^\$(\w+:)?\{?(IsWindows|IsLinux|IsMacOS|IsCoreCLR|PSStyle|EnabledExperimentalFeatures|PSNativeCommand\w+)\}?$/i;
/** Members that .NET Framework 4.x lacks. */
const NEWER_STATIC =
  /::(Clamp|ToHexString|FromHexString|HashData|TryHashData|GetRelativePath|TrimEndingDirectorySeparator|ProcessId|ProcessPath|TickCount64|Latin1|GetValues\[|IsOSPlatformVersionAtLeast|WriteAllTextAsync|ReadAllTextAsync|ResolveLinkTarget|IsAscii\w*)/;
const NEWER_MEMBER = /\.(Kill\(\s*\$(true|false)\s*\)|ArgumentList\.|ToHashSet\(|ReplaceLineEndings\(|EnumerateRunes\(|GetChunks\()/i;

const named = (script: Script, types: string[], pattern: RegExp, what: string): Finding[] =>
  all(script, ...types)
    .filter((node) => pattern.test(node.text))
    .map((node) => at(node, `${node.text.slice(0, 60)} ${what}`));

const lines = (text: string, pattern: RegExp, what: string): Finding[] =>
  text.split("\n").flatMap((line, index) => (pattern.test(line) ? [{ line: index + 1, what }] : []));

/** For every script, tests included. */
export const PARSE_RULES: readonly Rule[] = [{ name: "is PowerShell", find: brokenAt }];

export const ASCII_RULE: Rule = {
  name: "is ASCII",
  find: (script) => lines(script.text, /[^\t\x20-\x7e]/, "has a character that is not ASCII (or ends with CR)"),
};

/** For what runs on Windows PowerShell 5.1 too. */
export const SYNTAX_RULES: readonly Rule[] = [
  ASCII_RULE,
  { name: "has no ternary", find: (script) => all(script, "ternary_expression").map((node) => at(node, "is a ternary")) },
  {
    name: "has no ??",
    find: (script) => [
      ...all(script, "null_coalesce_expression").map((node) => at(node, "is ??")),
      ...named(script, ["assignment_operator"], /^\?\?=$/, "is no operator of 5.1"),
    ],
  },
  { name: "has no ?. or ?[", find: (script) => lines(codeOf(script), /(\$\{\w+\}|[\w)\]])\?(\.[A-Za-z]|\[)/, "has ?. or ?[") },
  { name: "has no && or ||", find: (script) => all(script, "pipeline_chain_tail").map((node) => at(node, "chains pipelines")) },
  { name: "starts no line with a pipe", find: (script) => lines(codeOf(script), /^\s*\|/, "starts with a pipe, which 5.1 does not read") },
  { name: "has no clean block", find: (script) => named(script, ["block_name"], /^clean$/i, "is a block of 7.3") },
  {
    name: "has no newer numbers and signs",
    find: (script) => [
      ...named(script, ["integer_literal"], /^[\d.]+(u[ysl]?|y|s|n)$/i, "has a suffix that 5.1 lacks"),
      ...named(script, ["expandable_string_literal", "expandable_here_string_literal"], /(?<!`)(``)*`(u\{|e)/, "has a sign that 5.1 lacks"),
    ],
  },
  { name: "has no variables of 6 and later", find: (script) => named(script, ["variable"], NEWER_VARIABLES, "is not there in 5.1") },
  {
    name: "has no members of .NET alone",
    find: (script) =>
      named(
        script,
        ["invocation_expression", "member_access"],
        new RegExp(`${NEWER_STATIC.source}|${NEWER_MEMBER.source}`, "i"),
        "lacks .NET Framework",
      ).filter((finding, index, list) => list.findIndex((other) => other.line === finding.line) === index),
  },
  ...commandRules,
];

const functionsOf = (script: Script) => all(script, "function_statement");
const nameOf = (script: Script) => script.path.replace(/^.*\//, "").replace(/\.ps1$/, "");
const whole = (what: string): Finding[] => [{ line: 1, what }];

/** For a file of agents/<host>/functions: one function, named as the file. */
export const FUNCTION_RULES: readonly Rule[] = [
  {
    name: "holds one function with the file's name and nothing else",
    find: (script) => {
      const top = all(script, "statement_list")[0]?.namedChildren.filter((node) => node && node.type !== "comment") ?? [];
      const names = functionsOf(script).map((node) => node.descendantsOfType("function_name")[0]?.text);
      if (names.length !== 1 || names[0] !== nameOf(script)) return whole(`holds ${names.join(", ") || "no function"}`);
      return top.length === 1 ? [] : whole("holds statements beside its function");
    },
  },
  { name: "has an approved verb", find: (script) => (VERBS.has(nameOf(script).split("-")[0]!) ? [] : whole("has no approved verb")) },
  {
    name: "says in its help what it does",
    find: (script) => (/^function [\w-]+ \{\n {4}<#\n {4}\.SYNOPSIS\n {4}\S.*\n/.test(script.text) ? [] : whole("has no help at its head")),
  },
  ...["CmdletBinding", "OutputType"].map((attribute) => ({
    name: `states its ${attribute}`,
    find: (script: Script) => {
      const blocks = functionsOf(script).flatMap((node) => all(node, "param_block").slice(0, 1));
      const has = blocks.some((block) => all(block, "attribute_name").some((node) => node.text === attribute));
      return has ? [] : whole(`does not state its ${attribute}`);
    },
  })),
];

/** For agent.ps1. */
export const ENTRY_RULES: readonly Rule[] = [
  {
    name: "sets strict mode first",
    find: (script) => {
      const first = all(script, "statement_list")[0]?.namedChildren.find((node) => node?.type !== "comment");
      return first?.text === "Set-StrictMode -Version Latest" ? [] : whole("does not begin with Set-StrictMode -Version Latest");
    },
  },
];
