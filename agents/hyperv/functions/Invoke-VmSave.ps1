function Invoke-VmSave {
    <#
    .SYNOPSIS
    vm.save: saves a machine's memory to disk and turns it off.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $from = ConvertTo-AgentState -State $vm.State
    $to = $from
    if ($from -cne 'saved') {
        Assert-AgentState -Vm $vm -State running, paused -Message 'only a running or paused one can be saved'
        Save-VM -VM $vm
        $to = Wait-AgentState -Id (ConvertTo-AgentId -Vm $vm) -State saved -TimeoutMs 120000
    }
    New-AgentPowered -Id (ConvertTo-AgentId -Vm $vm) -From $from -To $to -Wanted saved -Message "The virtual machine is $to."
}
