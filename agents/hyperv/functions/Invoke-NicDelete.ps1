function Invoke-NicDelete {
    <#
    .SYNOPSIS
    nic.delete: removes an adapter. Generation 1 gives up none while it runs.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentNic -Job $Job
    $id = $found.Device.Id
    if ([int]$found.Vm.Generation -eq 1) { Assert-AgentState -Vm $found.Vm -State off -Message 'it must be off: generation 1 gives up no adapter while it runs' }
    else { Assert-AgentState -Vm $found.Vm -State off, running -Message 'it must be off or running to lose an adapter' }
    Remove-VMNetworkAdapter -VMNetworkAdapter $found.Device.Object
    if (@(Get-VMNetworkAdapter -VM $found.Vm | Where-Object { (Get-AgentNicId -Adapter $_) -ceq $id }).Count -gt 0) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the removal and the network adapter is still there.' -Pointer '/nic') }
    # It is gone: what the notes say of it harms nothing.
    try { Update-AgentNote -Id (ConvertTo-AgentId -Vm $found.Vm) -Change { param($said) $said.nics.Remove($id) } } catch { Write-Warning "The notes still name the network adapter: $_" }
    New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'nic' -From $found.Device.Name -To $null) -Message "The network adapter $($found.Device.Name) was removed."
}
