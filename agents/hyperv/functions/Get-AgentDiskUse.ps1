function Get-AgentDiskUse {
    <#
    .SYNOPSIS
    Who uses a virtual disk: ids of the machines that have it or stand on it (their checkpoints too), and disks that stand on it.
    .DESCRIPTION
    A machine that is deleted meanwhile has none. A machine's disk that is there and cannot be read may stand on any: DISK_IN_USE. Volumes that cannot be read are passed over
    (one that is being made cannot be), unless the disk is read-only: others stood on it, and one of these may be theirs.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [string] $Path,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    $users = [System.Collections.Generic.List[string]]::new()
    $children = [System.Collections.Generic.List[string]]::new()
    $isProtected = [System.IO.File]::Exists($Path) -and ([System.IO.File]::GetAttributes($Path) -band [System.IO.FileAttributes]::ReadOnly) -ne 0
    foreach ($vm in @(Get-VM)) {
        try {
            $paths = @(Get-VMHardDiskDrive -VM $vm | ForEach-Object { [string]$_.Path })
            foreach ($snapshot in @(Get-VMSnapshot -VM $vm)) { $paths += @(Get-VMHardDiskDrive -VMSnapshot $snapshot | ForEach-Object { [string]$_.Path }) }
        }
        catch {
            # One that was deleted meanwhile has no disk any more.
            if (Test-AgentVm -Vm $vm) { throw }
            continue
        }
        foreach ($used in @($paths | Where-Object { $_ -ne '' } | Select-Object -Unique)) {
            $at = $used
            for ($depth = 0; $depth -lt 64 -and [string]$at -ne ''; $depth++) {
                if (Test-AgentSamePath -Path $at -Other $Path) {
                    $id = ConvertTo-AgentId -Vm $vm
                    if (-not $users.Contains($id)) { $users.Add($id) }
                    break
                }
                $disk = Get-VHD -Path $at -ErrorAction SilentlyContinue
                if ($null -eq $disk) {
                    if (-not [System.IO.File]::Exists($at)) { break }
                    throw (New-AgentFailure -Code DISK_IN_USE -Message "A disk of the virtual machine $($vm.Name) cannot be read: whether it stands on this one is not known." -Pointer '/disk')
                }
                $at = [string]$disk.ParentPath
            }
        }
    }
    foreach ($name in @($Resources.storage.get_Keys())) {
        $files = @()
        $isKnown = $true
        try { $files = @(Get-AgentVolumeFile -Path (Resolve-AgentStorage -Name $name -Resources $Resources)) } catch { $isKnown = $false }
        foreach ($file in $files) {
            if (Test-AgentSamePath -Path $file -Other $Path) { continue }
            $disk = Get-VHD -Path $file -ErrorAction SilentlyContinue
            if ($null -eq $disk) { $isKnown = $false }
            elseif ((Test-AgentSamePath -Path ([string]$disk.ParentPath) -Other $Path) -and -not $children.Contains($file)) { $children.Add($file) }
        }
        if (-not $isKnown -and $isProtected) { throw (New-AgentFailure -Code DISK_HAS_CHILDREN -Message "The disk had linked copies, and not every disk of the storage class $name can be read: whether one is left is not known." -Pointer '/disk') }
    }
    @{ Users = $users.ToArray(); Children = $children.ToArray() }
}
