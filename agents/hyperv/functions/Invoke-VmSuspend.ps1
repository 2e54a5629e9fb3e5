function Invoke-VmSuspend {
    <#
    .SYNOPSIS
    vm.suspend: pauses a machine.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $from = ConvertTo-AgentState -State $vm.State
    $to = $from
    if ($from -cne 'paused') {
        Assert-AgentState -Vm $vm -State running -Message 'only a running one can be paused'
        Suspend-VM -VM $vm
        $to = Wait-AgentState -Id (ConvertTo-AgentId -Vm $vm) -State paused
    }
    New-AgentPowered -Id (ConvertTo-AgentId -Vm $vm) -From $from -To $to -Wanted paused -Message "The virtual machine is $to."
}
