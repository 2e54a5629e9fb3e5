function Set-AgentBootOrder {
    <#
    .SYNOPSIS
    Gives a machine that is off the order in which it starts from its devices; those not named come after, as they were.
    .DESCRIPTION
    The firmware's own entries (files, by which an installed system starts from a disk) stay: before the first disk.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [object[]] $Wanted,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowNull()] [object[]] $Devices
    )
    if ([int]$Vm.Generation -eq 1) {
        $kinds = @{ cdrom = 'CD'; disk = 'IDE'; nic = 'LegacyNetworkAdapter' }
        $order = @($Wanted | ForEach-Object { $kinds[$_.Kind] }) + @((Get-VMBios -VM $Vm).StartupOrder | ForEach-Object { [string]$_ }) + @('CD', 'IDE', 'LegacyNetworkAdapter', 'Floppy')
        Set-VMBios -VM $Vm -StartupOrder @($order | Select-Object -Unique)
        return
    }
    $now = @(Get-AgentBootOrder -Vm $Vm -Devices $Devices)
    $wantedIds = @($Wanted | ForEach-Object { $_.Id })
    $files = @((Get-VMFirmware -VM $Vm).BootOrder | Where-Object { $null -ne $_ -and $null -eq $_.Device })
    $objects = [System.Collections.Generic.List[object]]::new()
    foreach ($device in @($Wanted) + @($now | Where-Object { $wantedIds -cnotcontains $_.Id })) {
        if ($device.Kind -ceq 'disk') { foreach ($file in $files) { $objects.Add($file) }; $files = @() }
        $objects.Add($device.Object)
    }
    foreach ($file in $files) { $objects.Add($file) }
    if ($objects.Count -gt 0) { Set-VMFirmware -VM $Vm -BootOrder $objects.ToArray() }
}
