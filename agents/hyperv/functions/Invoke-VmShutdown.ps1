function Invoke-VmShutdown {
    <#
    .SYNOPSIS
    vm.shutdown: asks the guest, waits, and turns the machine off then if that was asked for.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $from = ConvertTo-AgentState -State $vm.State
    $forced = $false
    if ($from -cne 'off') {
        if ($from -cne 'stopping') { Assert-AgentState -Vm $vm -State running -Message 'only a running guest can shut down' }
        $forced = Invoke-AgentShutdown -Vm $vm -Spec $Job.Spec
    }
    New-AgentPowered -Id (ConvertTo-AgentId -Vm $vm) -From $from -To 'off' -Message 'The virtual machine is off.' -More @{ forced = $forced }
}
