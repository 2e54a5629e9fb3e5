# Does job after job in one process of the agent's functions, as each has a process of its own in earnest: a start costs a second.
# Each line of standard input is the path of a job; its result is written beside it.
param([Parameter(Mandatory = $true)] [string] $Functions)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$InformationPreference = 'Continue'
$ConfirmPreference = 'None'
foreach ($warmFile in [System.IO.Directory]::GetFiles($Functions, '*.ps1')) { $null = . $warmFile }
$warmInput = [System.IO.StreamReader]::new([Console]::OpenStandardInput())
while ($null -ne ($warmJob = $warmInput.ReadLine())) {
    $warmStray = [System.IO.StringWriter]::new()
    [Console]::SetOut($warmStray)
    [Console]::SetError($warmStray)
    $warmStream = [System.IO.MemoryStream]::new([System.IO.File]::ReadAllBytes($warmJob))
    try { $warmText = Invoke-Agent -InputStream $warmStream -Stray $warmStray }
    catch { $warmText = "the agent failed: $_" }
    [System.IO.File]::WriteAllText("$warmJob.writing", [string]$warmText, [System.Text.UTF8Encoding]::new($false))
    [System.IO.File]::Move("$warmJob.writing", "$warmJob.done")
}
