function Start-AgentVm {
    <#
    .SYNOPSIS
    Starts a machine that is off or saved, and that no linked copy stands on. What Hyper-V gives no better reason for is VM_START_FAILED.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [object] $Vm)
    Assert-AgentMergeable -Vm $Vm
    try { Start-VM -VM $Vm }
    catch {
        $failure = Resolve-AgentFailure -ErrorRecord $_
        if ($failure.code -ceq 'HYPERVISOR_FAILED') { throw (New-AgentFailure -Code VM_START_FAILED -Message $failure.message) }
        throw
    }
    $state = Wait-AgentState -Id (ConvertTo-AgentId -Vm $Vm) -State running
    if ($state -cne 'running') { throw (New-AgentFailure -Code VM_START_FAILED -Message "Hyper-V took the start and the virtual machine is $state.") }
    $state
}
