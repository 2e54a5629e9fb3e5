# Does the tasks of a list that no other process has taken: Pester files, and PSScriptAnalyzer over folders. Says each start and each
# result in a line that begins with `farhand-result `. Started by pester.ts, with no standard input: what the tests start inherits it.
# -List: JSON file, [{kind, paths}]. -Claims: folder of the marks of tasks that are taken.
param([Parameter(Mandatory = $true)] [string]$List, [Parameter(Mandatory = $true)] [string]$Claims)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$searchPath = $env:PATH

function Get-TestFailure {
    param($Test)
    $reason = @($Test.ErrorRecord | ForEach-Object { "$_ ($($_.InvocationInfo.ScriptName):$($_.InvocationInfo.ScriptLineNumber))" }) -join ' | '
    "$($Test.ExpandedPath): $reason"
}

# Counts as Pester has them; a file that does not load, or a block that ends before its tests, has failed as well.
function Invoke-TestFile {
    param([string]$Path)
    $configuration = New-PesterConfiguration
    $configuration.Run.Path = $Path
    $configuration.Run.PassThru = $true
    $configuration.Output.Verbosity = 'None'
    $run = Invoke-Pester -Configuration $configuration
    $broken = @($run.FailedBlocks) + @($run.FailedContainers)
    @{
        passed = $run.PassedCount; failed = $run.FailedCount + $broken.Count; skipped = $run.SkippedCount + $run.InconclusiveCount + $run.NotRunCount
        failures = @(@($run.Failed) + $broken | ForEach-Object { Get-TestFailure -Test $_ })
        slowest = @($run.Tests | Sort-Object -Property Duration -Descending | Select-Object -First 3 | ForEach-Object { '{0:n1} s {1}' -f $_.Duration.TotalSeconds, $_.ExpandedPath })
    }
}

# One check. The analyzer looks up each word that might be a command, and would search all of PATH for each of them.
function Invoke-TestAnalyzer {
    param([string[]]$Word)
    $env:PATH = ''
    try {
        $found = @($Word | Select-Object -Skip 1 | ForEach-Object { Invoke-ScriptAnalyzer -Path $_ -Recurse -Settings $Word[0] })
    } finally { $env:PATH = $searchPath }
    @{
        passed = [int]($found.Count -eq 0); failed = [int]($found.Count -gt 0); skipped = 0; slowest = @()
        failures = @($found | ForEach-Object { "$($_.ScriptPath):$($_.Line) $($_.RuleName): $($_.Message)" })
    }
}

# True for the one process that comes first.
function Test-TestClaim {
    param([int]$Index)
    try { [System.IO.File]::Open([System.IO.Path]::Combine($Claims, "$Index"), [System.IO.FileMode]::CreateNew).Dispose() } catch [System.IO.IOException] { return $false }
    return $true
}

function Write-TestLine {
    param([hashtable]$Value)
    [Console]::Out.WriteLine('farhand-result ' + (ConvertTo-Json -Compress -Depth 4 -InputObject $Value))
}

$modules = @(@(Get-Module -ListAvailable -Name Pester | Where-Object { $_.Version.Major -ge 5 }) + @(Get-Module -ListAvailable -Name PSScriptAnalyzer) | ForEach-Object { $_.Name } | Select-Object -Unique)
Write-TestLine -Value @{ version = [string]$PSVersionTable.PSVersion; modules = $modules }
$tasks = @(ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($List)))
for ($index = 0; $index -lt $tasks.Count; $index++) {
    $needs = if ($tasks[$index].kind -eq 'pester') { 'Pester' } else { 'PSScriptAnalyzer' }
    if ($modules -notcontains $needs -or -not (Test-TestClaim -Index $index)) { continue }
    Write-TestLine -Value @{ start = $index }
    if ($needs -eq 'Pester') { $result = Invoke-TestFile -Path $tasks[$index].paths[0] } else { $result = Invoke-TestAnalyzer -Word $tasks[$index].paths }
    Write-TestLine -Value ($result + @{ done = $index })
}
