function Update-AgentNic {
    <#
    .SYNOPSIS
    Changes the fields of an adapter that are given, and reads back which of them are as asked for. Refuses before anything is changed.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param(
        [Parameter(Mandatory = $true)] [hashtable] $Found,
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $vm = $Found.Vm
    $id = $Found.Device.Id
    $adapter = $Found.Device.Object
    $before = Get-AgentNicView -Device $Found.Device -Note $Found.Note -Resources $Resources
    $networkName = $before['network']
    if ($null -ne $Spec['network']) { $networkName = $Spec['network'] }
    $connects = $before['connected']
    if ($Spec['connected'] -is [bool]) { $connects = $Spec['connected'] }
    $network = $null
    if ($null -ne $Spec['network'] -or ($connects -and -not $before['connected'])) { $network = Resolve-AgentNetwork -Name $networkName -Resources $Resources }
    $switch = $null
    if ($null -ne $network) { $switch = $network.Switch }
    elseif ($before['connected']) { $switch = @(Get-VMSwitch | Where-Object { [string]$_.Name -eq [string]$adapter.SwitchName }) | Select-Object -First 1 }
    Assert-AgentNicSpec -Spec $Spec -Vm $vm -Switch $switch
    if ($null -ne $Spec['model'] -and $Spec['model'] -cne $before['model']) { throw (New-AgentFailure -Code HYPERVISOR_UNSUPPORTED -Message 'Hyper-V cannot change the model of an adapter: delete it and add another.' -Pointer '/model') }
    $mac = $null
    if ($null -ne $Spec['mac'] -and ([string]$Spec['mac']).ToLowerInvariant() -cne $before['mac']) {
        Assert-AgentState -Vm $vm -State off -Message 'it must be off to change the address of an adapter' -Pointer '/mac'
        $mac = Assert-AgentMac -Mac $Spec['mac'] -Except ([string]$adapter.Id)
    }
    $name = $null
    if ($null -ne $Spec['name'] -and $Spec['name'] -cne $before['name']) { $name = Resolve-AgentDeviceName -Devices $Found.Devices -Name $Spec['name'] -Stem 'nic' -Code VM_CONFIG_INVALID }
    $settings = @{}
    foreach ($field in 'mac_spoofing_guard', 'dhcp_guard', 'router_guard', 'bandwidth_min_bps', 'bandwidth_max_bps', 'vlan', 'vlan_trunk') {
        if ($null -ne $Spec[$field] -and @(Compare-AgentNic -Spec @{ $field = $Spec[$field] } -View $before).Count -gt 0) { $settings[$field] = $Spec[$field] }
    }
    if ($null -ne $Spec['network'] -and $Spec['network'] -cne $before['network'] -and $null -eq $Spec['vlan'] -and $null -eq $Spec['vlan_trunk']) {
        if ($null -ne $network.Vlan) { $settings.vlan = $network.Vlan } else { $settings.untagged = $true }
    }
    # What must be so at the end: the specification, and the VLAN that comes with a network.
    $wanted = @{}
    foreach ($field in @($Spec.get_Keys())) { $wanted[$field] = $Spec[$field] }
    foreach ($field in 'vlan', 'untagged') { if ($settings.ContainsKey($field)) { $wanted[$field] = $settings[$field] } }
    $steps = @(
        @{ Fields = @('network', 'connected', 'vlan'); Needed = ($null -ne $network -and $connects); Do = { Connect-VMNetworkAdapter -VMNetworkAdapter $adapter -SwitchName ([string]$network.Switch.Name) } }
        @{ Fields = @('connected'); Needed = (-not $connects -and $before['connected']); Do = { Disconnect-VMNetworkAdapter -VMNetworkAdapter $adapter } }
        @{ Fields = @('network', 'connected'); Needed = ($null -ne $networkName); Do = { Update-AgentNote -Id (ConvertTo-AgentId -Vm $vm) -Change { param($said) $said.nics[$id] = [string]$networkName } } }
        @{ Fields = @('mac'); Needed = ($null -ne $mac); Do = { Set-VMNetworkAdapter -VMNetworkAdapter $adapter -StaticMacAddress $mac } }
        @{ Fields = @($settings.Keys); Needed = ($settings.Count -gt 0); Do = { Set-AgentNic -Adapter $adapter -Spec $settings } }
        @{ Fields = @('name'); Needed = ($null -ne $name); Do = { Rename-VMNetworkAdapter -VMNetworkAdapter $adapter -NewName $name } }
    )
    $failures = @{}
    foreach ($step in $steps) {
        if (-not $step.Needed) { continue }
        try { $null = & $step.Do } catch { $failure = Resolve-AgentFailure -ErrorRecord $_; foreach ($field in $step.Fields) { $failures[$field] = $failure } }
    }
    $vm = Get-AgentVm -Id (ConvertTo-AgentId -Vm $vm)
    $note = Read-AgentNote -Text $vm.Notes
    $device = Find-AgentDevice -Devices @(Get-AgentDevice -Vm $vm -Note $note) -Word $id -Kind nic
    $after = Get-AgentNicView -Device $device -Note $note -Resources $Resources
    $changes = [System.Collections.Generic.List[object]]::new()
    $left = [System.Collections.Generic.List[object]]::new()
    foreach ($field in 'network', 'mac', 'name', 'vlan', 'vlan_trunk', 'mac_spoofing_guard', 'dhcp_guard', 'router_guard', 'bandwidth_min_bps', 'bandwidth_max_bps', 'connected') {
        if ((ConvertTo-AgentJson -Value $before[$field]) -cne (ConvertTo-AgentJson -Value $after[$field])) { $changes.Add((New-AgentChange -Field $field -From $before[$field] -To $after[$field])) }
    }
    foreach ($field in @(Compare-AgentNic -Spec $wanted -View $after)) {
        $failure = $failures[$field]
        if ($field -ceq 'untagged') { $field = 'vlan' }
        if ($null -eq $failure) { $failure = @{ code = 'HYPERVISOR_FAILED'; message = "Hyper-V took the change of $field and it did not come about." } }
        $left.Add([ordered]@{ field = $field; code = $failure.code; message = $failure.message })
    }
    $message = "The network adapter $($after['name']) is as asked for."
    if ($left.Count -gt 0) { $message = $left[0]['message'] }
    New-AgentChanged -Id $id -Changes $changes.ToArray() -NotChanged $left.ToArray() -Message $message
}
