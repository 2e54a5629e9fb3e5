function Assert-AgentMac {
    <#
    .SYNOPSIS
    MAC_IN_USE when another adapter of this host has an address already; returns it as Hyper-V writes it.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [string] $Mac,
        [AllowEmptyString()] [string] $Except = ''
    )
    $plain = ($Mac -creplace ':', '').ToUpperInvariant()
    if ($plain -cnotmatch '\A[0-9A-F]{12}\z') { throw (New-AgentFailure -Code SPEC_INVALID -Message 'mac is no address.' -Pointer '/mac') }
    foreach ($adapter in @(Get-VMNetworkAdapter -All)) {
        if ([string]$adapter.MacAddress -eq $plain -and [string]$adapter.Id -ne $Except) { throw (New-AgentFailure -Code MAC_IN_USE -Message 'Another network adapter of this host has that address.' -Pointer '/mac') }
    }
    $plain
}
