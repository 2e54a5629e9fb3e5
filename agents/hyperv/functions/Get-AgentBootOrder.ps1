function Get-AgentBootOrder {
    <#
    .SYNOPSIS
    The devices of a machine in the order in which it starts from them. Generation 1 knows kinds of devices alone.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowNull()] [object[]] $Devices
    )
    if ($null -eq $Devices) { return }
    if ([int]$Vm.Generation -eq 1) {
        foreach ($kind in @((Get-VMBios -VM $Vm).StartupOrder)) {
            if ([string]$kind -ceq 'CD') { $Devices | Where-Object { $_.Kind -ceq 'cdrom' } }
            elseif ([string]$kind -ceq 'IDE') { $Devices | Where-Object { $_.Kind -ceq 'disk' -and [string]$_.Object.ControllerType -ceq 'IDE' } }
            elseif ([string]$kind -ceq 'LegacyNetworkAdapter') { $Devices | Where-Object { $_.Kind -ceq 'nic' -and $_.Object.IsLegacy } }
        }
        return
    }
    foreach ($source in @((Get-VMFirmware -VM $Vm).BootOrder)) {
        if ($null -eq $source -or $null -eq $source.Device) { continue }
        $Devices | Where-Object { [string]$_.Object.Id -ne '' -and [string]$_.Object.Id -eq [string]$source.Device.Id } | Select-Object -First 1
    }
}
