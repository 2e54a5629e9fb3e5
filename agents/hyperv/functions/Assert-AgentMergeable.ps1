function Assert-AgentMergeable {
    <#
    .SYNOPSIS
    DISK_HAS_CHILDREN when linked copies stand on a disk of a machine: a checkpoint's changes, merged into it, would change it under them.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param([Parameter(Mandatory = $true)] [object] $Vm)
    foreach ($drive in @(Get-VMHardDiskDrive -VM $Vm)) {
        if ([string]$drive.Path -eq '') { continue }
        $base = Get-AgentDiskBase -Path ([string]$drive.Path)
        if (-not [System.IO.File]::Exists($base)) { continue }
        if (([System.IO.File]::GetAttributes($base) -band [System.IO.FileAttributes]::ReadOnly) -ne 0) {
            throw (New-AgentFailure -Code DISK_HAS_CHILDREN -Message 'Linked copies stand on a disk of this virtual machine: it would change under them.' -Pointer '/vm')
        }
    }
}
