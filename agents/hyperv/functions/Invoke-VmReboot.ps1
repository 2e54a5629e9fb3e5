function Invoke-VmReboot {
    <#
    .SYNOPSIS
    vm.reboot: has the guest shut down and starts the machine again; turns it off when the guest does not, if that was asked for.
    .DESCRIPTION
    Restart-VM asks no guest: it resets. One that shut down and does not start again is partial.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $id = ConvertTo-AgentId -Vm $vm
    Assert-AgentState -Vm $vm -State running -Message 'only a running one can restart'
    Assert-AgentMergeable -Vm $vm
    $forced = Invoke-AgentShutdown -Vm $vm -Spec $Job.Spec
    try { $to = Start-AgentVm -Vm (Get-AgentVm -Id $id) }
    catch {
        $failure = Resolve-AgentFailure -ErrorRecord $_
        $now = ConvertTo-AgentState -State (Get-AgentVm -Id $id).State
        return New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'state' -From 'running' -To $now) -NotChanged @([ordered]@{ field = 'state'; code = $failure.code; message = $failure.message }) `
            -Message "The virtual machine shut down, did not start again and is $($now): $($failure.message)" -More ([ordered]@{ state = $now; forced = $forced })
    }
    New-AgentPowered -Id $id -From 'running' -To $to -Always -Message 'The virtual machine was restarted.' -More @{ forced = $forced }
}
