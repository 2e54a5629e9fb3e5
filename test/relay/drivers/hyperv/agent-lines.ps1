# For tests: the agent's functions in one process for many jobs. A line of standard input is a job, a line of standard output its result.
# A process for each job, as the relay starts them, is what the other tests do.
param([Parameter(Mandatory = $true)] [string] $Folder)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$ConfirmPreference = 'None'
$source = [System.Text.StringBuilder]::new()
foreach ($file in [System.IO.Directory]::GetFiles($Folder, '*.ps1')) { $null = $source.AppendLine([System.IO.File]::ReadAllText($file)) }
. ([scriptblock]::Create($source.ToString()))
$utf8 = [System.Text.UTF8Encoding]::new($false)
$reader = [System.IO.StreamReader]::new([Console]::OpenStandardInput(), $utf8)
$writer = [System.IO.StreamWriter]::new([Console]::OpenStandardOutput(), $utf8)
$stray = [System.IO.StringWriter]::new()
[Console]::SetOut($stray)
[Console]::SetError($stray)
while ($null -ne ($line = $reader.ReadLine())) {
    $text = Invoke-Agent -InputStream ([System.IO.MemoryStream]::new($utf8.GetBytes($line))) -Stray ([System.IO.StringWriter]::new())
    $writer.WriteLine($text)
    $writer.Flush()
}
