function Remove-AgentDiskFile {
    <#
    .SYNOPSIS
    Deletes a virtual disk that lies in a storage class, is no image, and that no machine has and no disk stands on.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [string] $Path,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $full = Assert-AgentPathInside -Path $Path -Resources $Resources
    if ($null -ne (Find-AgentImage -Path $full -Resources $Resources)) { throw (New-AgentFailure -Code DISK_IN_USE -Message 'The disk is an image that the host declares.') }
    $use = Get-AgentDiskUse -Path $full -Resources $Resources
    if ($use.Children.Count -gt 0) { throw (New-AgentFailure -Code DISK_HAS_CHILDREN -Message 'Other disks stand on this one.') }
    if ($use.Users.Count -gt 0) { throw (New-AgentFailure -Code DISK_IN_USE -Message 'A virtual machine has the disk.') }
    if (-not [System.IO.File]::Exists($full)) { return }
    $parent = $null
    $disk = Get-VHD -Path $full -ErrorAction SilentlyContinue
    if ($null -ne $disk) { $parent = [string]$disk.ParentPath }
    [System.IO.File]::SetAttributes($full, [System.IO.FileAttributes]::Normal)
    [System.IO.File]::Delete($full)
    # The disk beneath may be written to again when nothing stands on it any more.
    if ([string]$parent -ne '' -and [System.IO.File]::Exists($parent) -and $null -ne (Find-AgentStorageClass -Path $parent -Resources $Resources) -and
        $null -eq (Find-AgentImage -Path $parent -Resources $Resources) -and (Get-AgentDiskUse -Path $parent -Resources $Resources).Children.Count -eq 0) {
        [System.IO.File]::SetAttributes($parent, [System.IO.FileAttributes]::Normal)
    }
}
