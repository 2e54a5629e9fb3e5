function Invoke-VmReset {
    <#
    .SYNOPSIS
    vm.reset: resets a machine, as by its button.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    Assert-AgentState -Vm $vm -State running, paused -Message 'only a running or paused one can be reset'
    $from = ConvertTo-AgentState -State $vm.State
    Restart-VM -VM $vm -Force -Confirm:$false
    $to = Wait-AgentState -Id (ConvertTo-AgentId -Vm $vm) -State running
    New-AgentPowered -Id (ConvertTo-AgentId -Vm $vm) -From $from -To $to -Wanted running -Always -Message 'The virtual machine was reset.'
}
