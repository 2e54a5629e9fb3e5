function Invoke-DiskClone {
    <#
    .SYNOPSIS
    disk.clone: copies a disk that nobody writes to, or makes one that stands on it, which is made read-only then.
    .DESCRIPTION
    With snapshot, which no job of the contract says, it is copied as it was at that snapshot of its machine; with bus and iops_max it is attached so.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    $found = Get-AgentDisk -Job $Job
    $base = Assert-AgentPathInside -Path $found.Device.Base -Resources $Job.Resources -Pointer '/disk'
    Assert-AgentDiskIdle -Path $base -Resources $Job.Resources
    # What a machine has is copied as the machine has it, its checkpoints' changes included.
    if ($null -eq $found.Vm -and (Get-AgentDiskUse -Path $base -Resources $Job.Resources).Users.Count -gt 0) { throw (New-AgentFailure -Code DISK_IN_USE -Message 'A virtual machine has the disk: name it.' -Pointer '/vm') }
    $linked = $spec['mode'] -ceq 'linked'
    if ($linked -and $found.Device.Base -cne $found.Device.Path) { throw (New-AgentFailure -Code VM_HAS_SNAPSHOTS -Message 'The disk has changes in snapshots; a linked copy needs it whole.' -Pointer '/disk') }
    $source = $found.Device.Path
    if ($null -ne $spec['snapshot']) {
        if ($linked -or $null -eq $found.Vm) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'snapshot goes with vm, and only with mode full.' -Pointer '/snapshot') }
        $then = @(Get-VMHardDiskDrive -VMSnapshot (Get-AgentSnapshot -Vm $found.Vm -Name $spec['snapshot']) | Where-Object { [string]$_.Path -ne '' -and (Get-AgentDiskId -Path (Get-AgentDiskBase -Path $_.Path)) -ceq $found.Device.Id })
        if ($then.Count -ne 1) { throw (New-AgentFailure -Code SNAPSHOT_UNSUPPORTED -Message 'The virtual machine did not have the disk at that snapshot.' -Pointer '/snapshot') }
        $source = [string]$then[0].Path
    }
    $target = $null
    if ($null -ne $spec['attach_to']) { $target = Get-AgentVm -Id $spec['attach_to'] -Pointer '/attach_to' }
    $class = $spec['storage_class']
    if ($null -eq $class) { $class = Find-AgentStorageClass -Path $base -Resources $Job.Resources }
    $new = Resolve-AgentNewDisk -Vm $target -Name $spec['name'] -StorageClass $class -Resources $Job.Resources
    New-AgentDiskFile -Path $new.Path -Source $source -Linked:$linked
    $id = Get-AgentDiskId -Path $new.Path
    try {
        if ($linked) {
            [System.IO.File]::SetAttributes($base, [System.IO.FileAttributes]::ReadOnly)
            # One that was started meanwhile writes beneath the copy.
            Assert-AgentDiskIdle -Path $base -Resources $Job.Resources
        }
        if ($null -ne $target) { $id = Add-AgentDisk -Vm $target -Path $new.Path -Name $new.Name -Spec $spec }
    }
    catch {
        $problem = $_
        try { Remove-AgentDiskFile -Path $new.Path -Resources $Job.Resources } catch { Write-Warning "The disk could not be taken back: $_" }
        throw $problem
    }
    New-AgentChanged -Id $id -Changes @(New-AgentChange -Field 'disk' -To $new.Name) -Message "The disk $($new.Name) was made."
}
