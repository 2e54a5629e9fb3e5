function Resolve-AgentNetwork {
    <#
    .SYNOPSIS
    Switch and VLAN of a network that the host declares; NETWORK_NOT_FOUND, NETWORK_UNAVAILABLE when its switch is not there.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Name,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $network = $null
    if ($Name -is [string] -and $Resources.networks.Contains($Name)) { $network = $Resources.networks.get_Item($Name) }
    if ($network -isnot [System.Collections.IDictionary] -or $network['switch'] -isnot [string]) { throw (New-AgentFailure -Code NETWORK_NOT_FOUND -Message "The host declares no network $(if ([string]$Name -eq '') { 'that this adapter was on; name one' } else { $Name })." -Pointer '/network') }
    # -Name takes wildcards, and names need not be unique: compared here.
    $switches = @(Get-VMSwitch | Where-Object { [string]$_.Name -eq $network['switch'] })
    if ($switches.Count -eq 0) { throw (New-AgentFailure -Code NETWORK_UNAVAILABLE -Message "The switch of the network $Name is not there." -Pointer '/network') }
    @{ Switch = $switches[0]; Vlan = $network['vlan'] }
}
