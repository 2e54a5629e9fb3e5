function Invoke-VmResume {
    <#
    .SYNOPSIS
    vm.resume: lets a paused machine go on.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $from = ConvertTo-AgentState -State $vm.State
    $to = $from
    if ($from -cne 'running') {
        Assert-AgentState -Vm $vm -State paused -Message 'only a paused one can go on; vm.start starts one that is off or saved'
        Resume-VM -VM $vm
        $to = Wait-AgentState -Id (ConvertTo-AgentId -Vm $vm) -State running
    }
    New-AgentPowered -Id (ConvertTo-AgentId -Vm $vm) -From $from -To $to -Wanted running -Message "The virtual machine is $to."
}
