function Get-AgentDigest {
    <#
    .SYNOPSIS
    SHA-256 of a text in UTF-8, in hexadecimal digits.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Text)
    $hash = [System.Security.Cryptography.SHA256]::Create()
    try { $bytes = $hash.ComputeHash([System.Text.Encoding]::UTF8.GetBytes($Text)) } finally { $hash.Dispose() }
    ([System.BitConverter]::ToString($bytes) -creplace '-', '').ToLowerInvariant()
}
