function ConvertTo-AgentId {
    <#
    .SYNOPSIS
    The id of a machine as the contract writes it: a UUID in lower case.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [object] $Vm)
    ([guid]$Vm.Id).ToString('D').ToLowerInvariant()
}
