function Compare-AgentNic {
    <#
    .SYNOPSIS
    The fields of an adapter that are not as a specification says, by what was read of it. VLANs of a trunk have no order.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec,
        [Parameter(Mandatory = $true)] [System.Collections.IDictionary] $View
    )
    $plain = {
        param($trunk)
        if ($null -eq $trunk) { return 'null' }
        ConvertTo-AgentJson -Value @($trunk['native'], @($trunk['allowed'] | ForEach-Object { [int]$_ } | Sort-Object -Unique))
    }
    foreach ($field in 'network', 'mac', 'name', 'model', 'vlan', 'vlan_trunk', 'mac_spoofing_guard', 'dhcp_guard', 'router_guard', 'bandwidth_min_bps', 'bandwidth_max_bps', 'connected') {
        $wanted = $Spec[$field]
        if ($null -eq $wanted) { continue }
        if ($field -ceq 'vlan_trunk') { if ((& $plain $wanted) -cne (& $plain $View[$field])) { $field }; continue }
        if ($field -ceq 'mac') { $wanted = ([string]$wanted).ToLowerInvariant() }
        if ((ConvertTo-AgentJson -Value $wanted) -cne (ConvertTo-AgentJson -Value $View[$field])) { $field }
    }
    # No VLAN at all, which a specification cannot say.
    if ($Spec.Contains('untagged') -and ($null -ne $View['vlan'] -or $null -ne $View['vlan_trunk'])) { 'untagged' }
}
