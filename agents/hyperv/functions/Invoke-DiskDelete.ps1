function Invoke-DiskDelete {
    <#
    .SYNOPSIS
    disk.delete: deletes a disk with its data, when it lies in a storage class and no other stands on it.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentDisk -Job $Job
    $device = $found.Device
    $base = Assert-AgentPathInside -Path $device.Base -Resources $Job.Resources -Pointer '/disk'
    if ($null -ne (Find-AgentImage -Path $base -Resources $Job.Resources)) { throw (New-AgentFailure -Code DISK_IN_USE -Message 'The disk is an image that the host declares.' -Pointer '/disk') }
    if ($null -ne $found.Vm) {
        $use = Get-AgentDiskUse -Path $base -Resources $Job.Resources
        if ($use.Children.Count -gt 0) { throw (New-AgentFailure -Code DISK_HAS_CHILDREN -Message 'Other disks stand on this one.' -Pointer '/disk') }
        if ($use.Users.Count -gt 1) { throw (New-AgentFailure -Code DISK_IN_USE -Message 'Another virtual machine has the disk too.' -Pointer '/disk') }
        Remove-AgentDisk -Vm $found.Vm -Device $device
    }
    try { Remove-AgentDiskFile -Path $base -Resources $Job.Resources }
    catch {
        if ($null -eq $found.Vm) { throw }
        $failure = Resolve-AgentFailure -ErrorRecord $_
        return New-AgentChanged -Id $device.Id -Changes @(New-AgentChange -Field 'vm' -From (ConvertTo-AgentId -Vm $found.Vm) -To $null) -NotChanged @([ordered]@{ field = 'disk'; code = $failure.code; message = $failure.message }) `
            -Message "The disk $($device.Name) was taken from its virtual machine and not deleted: $($failure.message)"
    }
    New-AgentChanged -Id $device.Id -Changes @(New-AgentChange -Field 'disk' -From $device.Name -To $null) -Message "The disk $($device.Name) was deleted."
}
