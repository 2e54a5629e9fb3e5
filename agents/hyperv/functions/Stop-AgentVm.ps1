function Stop-AgentVm {
    <#
    .SYNOPSIS
    Turns a machine off as by its plug; its saved state, if it has one, is dropped. Returns the state afterwards.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [object] $Vm)
    if ((ConvertTo-AgentState -State $Vm.State) -ceq 'saved') { Remove-VMSavedState -VM $Vm }
    else { Stop-VM -VM $Vm -TurnOff -Force -Confirm:$false }
    Wait-AgentState -Id (ConvertTo-AgentId -Vm $Vm) -State off
}
