# The fake Hyper-V module: types, the world's rules, and one function per published cmdlet.
Set-StrictMode -Version Latest

# Read as one text, which is parsed once: sixty dot-sourced files cost three times as much.
$folder = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'world'))
. ([System.IO.Path]::Combine($folder, 'types.ps1'))
Initialize-FakeType
$text = [System.Text.StringBuilder]::new()
foreach ($name in 'store', 'errors', 'cmdlet', 'machines', 'devices', 'settings', 'power', 'disks', 'snapshots', 'transfer', 'views') {
    $null = $text.AppendLine([System.IO.File]::ReadAllText([System.IO.Path]::Combine($folder, "$name.ps1")))
}
foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Path]::Combine($PSScriptRoot, 'cmdlets'), '*.ps1')) {
    $null = $text.AppendLine([System.IO.File]::ReadAllText($file))
}
. ([scriptblock]::Create($text.ToString()))
