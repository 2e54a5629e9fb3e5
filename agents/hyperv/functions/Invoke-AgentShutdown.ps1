function Invoke-AgentShutdown {
    <#
    .SYNOPSIS
    Has a guest shut down within its time; else turns the machine off if that is allowed, or throws. True when it was turned off.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec
    )
    $wait = Get-AgentPatience -Spec $Spec
    $force = $true -eq $Spec['force']
    try { if (Stop-AgentGuest -Vm $Vm -WaitMs $wait) { return $false } }
    catch {
        if (-not $force -or (Resolve-AgentFailure -ErrorRecord $_).code -cne 'AGENT_UNAVAILABLE') { throw }
        Write-Warning "$_"
    }
    if (-not $force) { throw (New-AgentFailure -Code VM_SHUTDOWN_TIMEOUT -Message "The guest did not shut down within $wait ms.") }
    if ((Stop-AgentVm -Vm (Get-AgentVm -Id (ConvertTo-AgentId -Vm $Vm))) -cne 'off') {
        throw (New-AgentFailure -Code HYPERVISOR_TIMEOUT -Message 'The virtual machine was turned off and is not off.')
    }
    $true
}
