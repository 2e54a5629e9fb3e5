function Set-AgentDiskSize {
    <#
    .SYNOPSIS
    Makes a disk larger and reads back that it is; returns the change, or nothing when it has that size.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param(
        [Parameter(Mandatory = $true)] [hashtable] $Found,
        [Parameter(Mandatory = $true)] [long] $SizeBytes,
        [Parameter(Mandatory = $true)] [hashtable] $Resources,
        [switch] $OnlyCheck
    )
    $path = Assert-AgentPathInside -Path $Found.Device.Path -Resources $Resources -Pointer '/disk'
    $disk = Get-VHD -Path $path
    $now = [long]$disk.Size
    if ($SizeBytes -eq $now) { return }
    if ($SizeBytes -lt $now) { throw (New-AgentFailure -Code DISK_SHRINK_REFUSED -Message "The disk has $now bytes and is never made smaller." -Pointer '/size_bytes') }
    if ($Found.Device.Base -cne $Found.Device.Path) { throw (New-AgentFailure -Code VM_HAS_SNAPSHOTS -Message 'The disk has changes in snapshots: delete those first.' -Pointer '/disk') }
    $use = Get-AgentDiskUse -Path $path -Resources $Resources
    if ($use.Children.Count -gt 0) { throw (New-AgentFailure -Code DISK_HAS_CHILDREN -Message 'Other disks stand on this one.' -Pointer '/disk') }
    $own = ''
    if ($null -ne $Found.Vm) { $own = ConvertTo-AgentId -Vm $Found.Vm }
    # Checkpoints and copies stand on sizes and contents: one who is not named would lose their disk.
    if (@($use.Users | Where-Object { $_ -cne $own }).Count -gt 0) { throw (New-AgentFailure -Code DISK_IN_USE -Message 'A virtual machine that is not named has the disk, or stands on it.' -Pointer '/disk') }
    if ($null -ne $Found.Vm -and (ConvertTo-AgentState -State $Found.Vm.State) -cne 'off') {
        Assert-AgentState -Vm $Found.Vm -State running, off -Message 'it must be off or running to resize a disk' -Pointer '/disk'
        if ([string]$Found.Device.Object.ControllerType -ceq 'IDE') { throw (New-AgentFailure -Code VM_STATE_INVALID -Message 'The virtual machine must be off: a disk on IDE cannot grow while it runs.' -Pointer '/disk') }
    }
    if ([string]$disk.VhdType -ceq 'Fixed') { Assert-AgentSpace -Path ([System.IO.Path]::GetDirectoryName($path)) -Bytes ($SizeBytes - $now) -Pointer '/size_bytes' }
    if ($OnlyCheck) { return }
    Resize-VHD -Path $path -SizeBytes ([uint64]$SizeBytes)
    $then = [long](Get-VHD -Path $path).Size
    if ($then -ne $SizeBytes) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message "Hyper-V took the size and the disk has $then bytes." -Pointer '/size_bytes') }
    New-AgentChange -Field 'size_bytes' -From $now -To $then
}
