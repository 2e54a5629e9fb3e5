function Get-AgentDevice {
    <#
    .SYNOPSIS
    The devices of a machine: disks, drives, adapters, each with its id, name and Hyper-V's object.
    .DESCRIPTION
    A disk's id is made from the path of the disk beneath its checkpoints, so that it stays while checkpoints come and go.
    Names of disks are ours, in the notes; one that has none is called by its place.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [hashtable] $Note,
        [AllowNull()] [AllowEmptyCollection()] [object[]] $Adapters = $null
    )
    foreach ($drive in @(Get-VMHardDiskDrive -VM $Vm)) {
        $base = [string]$drive.Path
        if ($base -ne '') { $base = Get-AgentDiskBase -Path $base }
        $place = "$(([string]$drive.ControllerType).ToLowerInvariant())-$($drive.ControllerNumber)-$($drive.ControllerLocation)"
        $id = "disk-$place"
        if ($base -ne '') { $id = Get-AgentDiskId -Path $base }
        $name = $Note.disks[$id]
        if ($null -eq $name) { $name = $place }
        @{ Kind = 'disk'; Id = $id; Name = $name; Object = $drive; Path = [string]$drive.Path; Base = $base }
    }
    $number = 0
    foreach ($drive in @(Get-VMDvdDrive -VM $Vm)) {
        $name = 'cdrom'
        if ($number -gt 0) { $name = "cdrom$number" }
        $number++
        @{ Kind = 'cdrom'; Id = "dvd-$($drive.ControllerNumber)-$($drive.ControllerLocation)"; Name = $name; Object = $drive; Path = [string]$drive.Path; Base = [string]$drive.Path }
    }
    if ($null -eq $Adapters) { $Adapters = @(Get-VMNetworkAdapter -VM $Vm) }
    foreach ($adapter in $Adapters) {
        @{ Kind = 'nic'; Id = (Get-AgentNicId -Adapter $adapter); Name = [string]$adapter.Name; Object = $adapter; Path = ''; Base = '' }
    }
}
