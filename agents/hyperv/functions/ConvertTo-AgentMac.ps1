function ConvertTo-AgentMac {
    <#
    .SYNOPSIS
    Hyper-V's 00155D010203 as 00:15:5d:01:02:03.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [AllowNull()] [AllowEmptyString()] [string] $Mac)
    $plain = ($Mac -creplace '[^0-9A-Fa-f]', '').ToLowerInvariant()
    if ($plain.Length -ne 12) { return '00:00:00:00:00:00' }
    $plain -creplace '(..)(?!\z)', '$1:'
}
