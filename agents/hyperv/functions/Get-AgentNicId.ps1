function Get-AgentNicId {
    <#
    .SYNOPSIS
    The id of an adapter: nic- and the last part of Hyper-V's.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [object] $Adapter)
    'nic-' + ([string]$Adapter.Id).Split([char[]] @('\', '/'))[-1].ToLowerInvariant()
}
