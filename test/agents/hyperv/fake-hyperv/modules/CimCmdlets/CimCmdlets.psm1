# The fake CIM functions, on the same world as the fake Hyper-V module.
Set-StrictMode -Version Latest

$folder = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'world'))
. ([System.IO.Path]::Combine($folder, 'types.ps1'))
Initialize-FakeType
$text = [System.Text.StringBuilder]::new()
foreach ($name in 'store', 'errors', 'machines', 'devices', 'settings', 'power', 'disks', 'snapshots', 'views', 'cim', 'counters', 'cim-methods', 'cim-events') {
    $null = $text.AppendLine([System.IO.File]::ReadAllText([System.IO.Path]::Combine($folder, "$name.ps1")))
}
foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSScriptRoot, 'cmdlets'), '*.ps1')) {
    $null = $text.AppendLine([System.IO.File]::ReadAllText($file))
}
. ([scriptblock]::Create($text.ToString()))
