function Invoke-VmStart {
    <#
    .SYNOPSIS
    vm.start: starts a machine, or lets it go on from its saved state.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $from = ConvertTo-AgentState -State $vm.State
    $to = $from
    if ($from -cne 'running') {
        Assert-AgentState -Vm $vm -State off, saved -Message 'it can be started only when it is off or saved'
        $to = Start-AgentVm -Vm $vm
    }
    New-AgentPowered -Id (ConvertTo-AgentId -Vm $vm) -From $from -To $to -Message "The virtual machine is $to."
}
