function Test-AgentVm {
    <#
    .SYNOPSIS
    Whether a machine that was found is still there: others delete theirs at any time.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param([Parameter(Mandatory = $true)] [object] $Vm)
    @(Get-VM | Where-Object { [guid]$_.Id -eq [guid]$Vm.Id }).Count -gt 0
}
