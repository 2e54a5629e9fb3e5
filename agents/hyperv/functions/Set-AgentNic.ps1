function Set-AgentNic {
    <#
    .SYNOPSIS
    Sets the guards, the bandwidth and the VLAN of an adapter that a specification names.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [object] $Adapter,
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec
    )
    $set = @{}
    $words = @{ $true = 'On'; $false = 'Off' }
    # A guard that blocks is spoofing that is not allowed.
    if ($Spec['mac_spoofing_guard'] -is [bool]) { $set.MacAddressSpoofing = $words[-not $Spec['mac_spoofing_guard']] }
    if ($Spec['dhcp_guard'] -is [bool]) { $set.DhcpGuard = $words[$Spec['dhcp_guard']] }
    if ($Spec['router_guard'] -is [bool]) { $set.RouterGuard = $words[$Spec['router_guard']] }
    if ($null -ne $Spec['bandwidth_min_bps']) { $set.MinimumBandwidthAbsolute = [long]$Spec['bandwidth_min_bps'] }
    if ($null -ne $Spec['bandwidth_max_bps']) { $set.MaximumBandwidth = [long]$Spec['bandwidth_max_bps'] }
    if ($set.Count -gt 0) { Set-VMNetworkAdapter -VMNetworkAdapter $Adapter @set }
    if ($null -ne $Spec['vlan_trunk']) {
        $native = 0
        if ($null -ne $Spec['vlan_trunk']['native']) { $native = [int]$Spec['vlan_trunk']['native'] }
        Set-VMNetworkAdapterVlan -VMNetworkAdapter $Adapter -Trunk -NativeVlanId $native -AllowedVlanIdList (@($Spec['vlan_trunk']['allowed']) -join ',')
    }
    elseif ($null -ne $Spec['vlan']) { Set-VMNetworkAdapterVlan -VMNetworkAdapter $Adapter -Access -VlanId ([int]$Spec['vlan']) }
    elseif ($Spec.Contains('untagged')) { Set-VMNetworkAdapterVlan -VMNetworkAdapter $Adapter -Untagged }
}
