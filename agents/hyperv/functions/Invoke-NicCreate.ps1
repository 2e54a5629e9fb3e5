function Invoke-NicCreate {
    <#
    .SYNOPSIS
    nic.create: adds an adapter; taken back when a part fails. Generation 1 takes none while it runs.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    $vm = Get-AgentVm -Id $spec['vm']
    $network = Resolve-AgentNetwork -Name $spec['network'] -Resources $Job.Resources
    Assert-AgentNicSpec -Spec $spec -Vm $vm -Switch $network.Switch
    if ([int]$vm.Generation -eq 1) { Assert-AgentState -Vm $vm -State off -Message 'it must be off: generation 1 takes no adapter while it runs' }
    else { Assert-AgentState -Vm $vm -State off, running -Message 'it must be off or running to get an adapter' }
    $devices = @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes))
    if (@($devices | Where-Object { $_.Kind -ceq 'nic' }).Count -ge 8) { throw (New-AgentFailure -Code DISK_SLOT_TAKEN -Message 'The virtual machine has 8 network adapters, the most that there can be.' -Pointer '/vm') }
    $name = Resolve-AgentDeviceName -Devices $devices -Name $spec['name'] -Stem 'nic' -Code VM_CONFIG_INVALID
    $add = @{ VM = $vm; Name = $name }
    if ($false -ne $spec['connected']) { $add.SwitchName = [string]$network.Switch.Name }
    if ($null -ne $spec['mac']) { $add.StaticMacAddress = Assert-AgentMac -Mac $spec['mac'] }
    if ($spec['model'] -ceq 'legacy') { $add.IsLegacy = $true }
    $settings = @{}
    foreach ($field in 'mac_spoofing_guard', 'dhcp_guard', 'router_guard', 'bandwidth_min_bps', 'bandwidth_max_bps', 'vlan', 'vlan_trunk') { if ($null -ne $spec[$field]) { $settings[$field] = $spec[$field] } }
    # A switch that counts by weight refuses even 0.
    foreach ($field in 'bandwidth_min_bps', 'bandwidth_max_bps') { if ($settings.ContainsKey($field) -and [long]$settings[$field] -eq 0) { $settings.Remove($field) } }
    if (-not $settings.ContainsKey('vlan') -and -not $settings.ContainsKey('vlan_trunk') -and $null -ne $network.Vlan) { $settings.vlan = $network.Vlan }
    $adapter = $null
    try {
        $adapter = Add-VMNetworkAdapter @add -Passthru
        Set-AgentNic -Adapter $adapter -Spec $settings
        $id = Get-AgentNicId -Adapter $adapter
        # Guards and VLANs that were taken and did not come about would leave a machine where it must not be.
        $fresh = @(Get-VMNetworkAdapter -VM $vm | Where-Object { (Get-AgentNicId -Adapter $_) -ceq $id })
        if ($fresh.Count -ne 1) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the network adapter and the virtual machine does not have it.') }
        $asked = $settings.Clone()
        foreach ($field in 'mac', 'model') { if ($null -ne $spec[$field]) { $asked[$field] = $spec[$field] } }
        $asked.name = $name
        $asked.connected = $false -ne $spec['connected']
        $left = @(Compare-AgentNic -Spec $asked -View (Get-AgentNicView -Device @{ Id = $id; Name = [string]$fresh[0].Name; Object = $fresh[0] } -Note (Read-AgentNote -Text '') -Resources $Job.Resources))
        if ($left.Count -gt 0) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message "Hyper-V took the network adapter, and not as asked for: $($left -join ', ')." -Pointer @($left | ForEach-Object { "/$_" })) }
        $remembered = [string]$spec['network']
        Update-AgentNote -Id (ConvertTo-AgentId -Vm $vm) -Change { param($said) $said.nics[$id] = $remembered }
    }
    catch {
        $problem = $_
        try { if ($null -ne $adapter) { Remove-VMNetworkAdapter -VMNetworkAdapter $adapter } } catch { Write-Warning "The network adapter could not be taken back: $_" }
        throw $problem
    }
    New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'nic' -To $name) -Message "The network adapter $name was added."
}
