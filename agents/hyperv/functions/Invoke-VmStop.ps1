function Invoke-VmStop {
    <#
    .SYNOPSIS
    vm.stop: turns a machine off as by its plug.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $from = ConvertTo-AgentState -State $vm.State
    $to = $from
    # A guest that never ends its shutdown is what this is for: no state is refused.
    if ($from -cne 'off') { $to = Stop-AgentVm -Vm $vm }
    if ($to -cne 'off') { throw (New-AgentFailure -Code HYPERVISOR_TIMEOUT -Message "The virtual machine was turned off and is still $to.") }
    New-AgentPowered -Id (ConvertTo-AgentId -Vm $vm) -From $from -To $to -Message "The virtual machine is $to."
}
