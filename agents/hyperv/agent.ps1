# The host agent for Hyper-V: one JSON job on standard input, one JSON result on standard output, exit code 0, whatever happens.
# Holds the frame alone: what is done is in functions/. In the bundle that the relay carries, the functions stand above this text.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'Continue'
$InformationPreference = 'Continue'
$VerbosePreference = 'SilentlyContinue'
$DebugPreference = 'SilentlyContinue'
$ConfirmPreference = 'None'

# Whatever writes to the console, .NET code included, writes to these; the result has the real output to itself.
$agentOutput = [Console]::OpenStandardOutput()
$agentStray = [System.IO.StringWriter]::new()
[Console]::SetOut($agentStray)
[Console]::SetError($agentStray)

$agentText = $null
try {
    # Test-Path would load a module first.
    if (-not $ExecutionContext.InvokeProvider.Item.Exists('Function:\Invoke-Agent')) {
        foreach ($agentFile in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSScriptRoot, 'functions'), '*.ps1')) {
            $null = . $agentFile
        }
    }
    # Started before there is a job: what every job needs is made ready while it is waited for.
    if ($args.Count -gt 0 -and $args[0] -ceq 'ahead') { Initialize-AgentProcess }
    $agentText = Invoke-Agent -InputStream ([Console]::OpenStandardInput()) -Stray $agentStray
}
catch {
    # ASCII without quotes and backslashes: nothing that JSON would have to escape.
    $agentReason = [regex]::Replace([string]$_, '[^ !#-\[\]-~]+', ' ')
    if ($agentReason.Length -gt 1500) { $agentReason = $agentReason.Substring(0, 1500) }
    $agentText = '{"status":"error","code":"DRIVER_FAILED","message":"The agent failed: ' + $agentReason + '","logs":[],"correlation_id":"unknown"}'
}

$agentBytes = [System.Text.UTF8Encoding]::new($false).GetBytes([string]$agentText)
$agentOutput.Write($agentBytes, 0, $agentBytes.Length)
$agentOutput.Flush()
# At once: a cmdlet that hangs in the background must not hold the process.
[Environment]::Exit(0)
