function New-AgentPowered {
    <#
    .SYNOPSIS
    The result of a change of power: the state before and after; HYPERVISOR_TIMEOUT when it is not the one wanted.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param(
        [Parameter(Mandatory = $true)] [string] $Id,
        [Parameter(Mandatory = $true)] [string] $From,
        [Parameter(Mandatory = $true)] [string] $To,
        [Parameter(Mandatory = $true)] [string] $Message,
        [switch] $Always,
        [AllowEmptyString()] [string] $Wanted = '',
        [System.Collections.IDictionary] $More = @{}
    )
    if ($Wanted -ne '' -and $To -cne $Wanted) { throw (New-AgentFailure -Code HYPERVISOR_TIMEOUT -Message "Hyper-V took the change of power and the virtual machine is still $To.") }
    $changes = @()
    if ($Always -or $From -cne $To) { $changes = @(New-AgentChange -Field 'state' -From $From -To $To) }
    $extra = [ordered]@{ state = $To }
    foreach ($key in $More.Keys) { $extra[$key] = $More[$key] }
    New-AgentChanged -Id $Id -Changes $changes -Message $Message -More $extra
}
