function Invoke-NicDetach {
    <#
    .SYNOPSIS
    nic.detach: takes an adapter off its network and keeps it.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentNic -Job $Job
    $id = $found.Device.Id
    $view = Get-AgentNicView -Device $found.Device -Note $found.Note -Resources $Job.Resources
    if ($view['connected']) { Disconnect-VMNetworkAdapter -VMNetworkAdapter $found.Device.Object }
    if ((Get-AgentNicView -Device (Get-AgentNic -Job $Job).Device -Note $found.Note -Resources $Job.Resources)['connected']) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the change and the network adapter is still on its network.' -Pointer '/nic') }
    $left = @()
    try { Update-AgentNote -Id (ConvertTo-AgentId -Vm $found.Vm) -Change { param($said) $said.nics.Remove($id) } }
    catch { $failure = Resolve-AgentFailure -ErrorRecord $_; $left = @([ordered]@{ field = 'network'; code = $failure.code; message = "It is off its network, which it is still said to belong to: $($failure.message)" }) }
    $changes = @()
    if ($view['connected']) { $changes += New-AgentChange -Field 'connected' -From $true -To $false }
    if ($left.Count -eq 0 -and ($view['connected'] -or $null -ne $view['network'])) { $changes = @(New-AgentChange -Field 'network' -From $view['network'] -To $null) }
    New-AgentChanged -Id $id -Changes $changes -NotChanged $left -Message "The network adapter $($found.Device.Name) is on no network."
}
