function Find-AgentNetwork {
    <#
    .SYNOPSIS
    The declared network of a switch and a VLAN: the one remembered where it has that switch, else one with that VLAN, else one with none.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [string] $Switch,
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Vlan,
        [AllowNull()] [object] $Prefer,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $fitting = @($Resources.networks.get_Keys() | Where-Object { [string]$Resources.networks.get_Item($_)['switch'] -eq $Switch } | Sort-Object)
    if ($null -ne $Prefer -and $fitting -ccontains $Prefer) { return $Prefer }
    foreach ($name in $fitting) { $own = $Resources.networks.get_Item($name)['vlan']; if ($null -ne $own -and $null -ne $Vlan -and [long]$own -eq [long]$Vlan) { return $name } }
    foreach ($name in $fitting) { if ($null -eq $Resources.networks.get_Item($name)['vlan']) { return $name } }
    $null
}
