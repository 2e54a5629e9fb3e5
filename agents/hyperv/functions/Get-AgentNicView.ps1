function Get-AgentNicView {
    <#
    .SYNOPSIS
    A network adapter as the contract shows it (nicData). Bandwidth is in bits per second in Hyper-V too.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [Parameter(Mandatory = $true)] [hashtable] $Device,
        [AllowNull()] [AllowEmptyCollection()] [object[]] $Boot = @(),
        [Parameter(Mandatory = $true)] [hashtable] $Note,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $adapter = $Device.Object
    $setting = Get-VMNetworkAdapterVlan -VMNetworkAdapter $adapter
    $vlan = $null
    $trunk = $null
    if ([string]$setting.OperationMode -ceq 'Access') { $vlan = [int]$setting.AccessVlanId }
    elseif ([string]$setting.OperationMode -ceq 'Trunk') {
        $native = $null
        if ([int]$setting.NativeVlanId -gt 0) { $native = [int]$setting.NativeVlanId }
        $trunk = [ordered]@{ native = $native; allowed = @($setting.AllowedVlanIdList | ForEach-Object { [int]$_ }) }
    }
    $min = 0
    $max = 0
    $bandwidth = $adapter.BandwidthSetting
    if ($null -ne $bandwidth) {
        if ($null -ne $bandwidth.MinimumBandwidthAbsolute) { $min = [long]$bandwidth.MinimumBandwidthAbsolute }
        if ($null -ne $bandwidth.MaximumBandwidth) { $max = [long]$bandwidth.MaximumBandwidth }
    }
    $isConnected = [string]$adapter.SwitchName -ne ''
    $network = $null
    if ($isConnected) { $network = Find-AgentNetwork -Switch ([string]$adapter.SwitchName) -Vlan $vlan -Prefer $Note.nics[$Device.Id] -Resources $Resources }
    elseif ($null -ne $Note.nics[$Device.Id] -and $Resources.networks.Contains($Note.nics[$Device.Id])) { $network = $Note.nics[$Device.Id] }
    $model = 'paravirtual'
    if ($adapter.IsLegacy) { $model = 'legacy' }
    [ordered]@{
        id = $Device.Id; name = $Device.Name; network = $network; mac = (ConvertTo-AgentMac -Mac ([string]$adapter.MacAddress)); model = $model; vlan = $vlan; vlan_trunk = $trunk
        mac_spoofing_guard = [string]$adapter.MacAddressSpoofing -cne 'On'; dhcp_guard = [string]$adapter.DhcpGuard -ceq 'On'; router_guard = [string]$adapter.RouterGuard -ceq 'On'
        bandwidth_min_bps = $min; bandwidth_max_bps = $max; connected = $isConnected
        addresses = @($adapter.IPAddresses | Where-Object { $_ -is [string] -and $_ -ne '' }); boot_index = (Get-AgentBootIndex -Boot $Boot -Id $Device.Id)
    }
}
