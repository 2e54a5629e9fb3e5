function Get-AgentDiskId {
    <#
    .SYNOPSIS
    The id of a disk: disk- and 16 hexadecimal digits of the SHA-256 of its path in lower case.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [string] $Path)
    $hash = [System.Security.Cryptography.SHA256]::Create()
    try { $bytes = $hash.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($Path.ToLowerInvariant())) } finally { $hash.Dispose() }
    'disk-' + ([System.BitConverter]::ToString($bytes, 0, 8) -creplace '-', '').ToLowerInvariant()
}
