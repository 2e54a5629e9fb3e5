function Get-AgentSpace {
    <#
    .SYNOPSIS
    Capacity and free space of the volume that holds a folder, in bytes; null where it cannot be read.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [string] $Path)
    $space = @{ Capacity = $null; Free = $null }
    $full = [System.IO.Path]::GetFullPath($Path) + [System.IO.Path]::DirectorySeparatorChar
    if ([System.IO.Path]::DirectorySeparatorChar -eq '\') {
        # Volumes mounted in folders (a cluster's) are no drives: WMI knows them, the innermost counts.
        $volume = Get-CimInstance -ClassName Win32_Volume -ErrorAction SilentlyContinue |
            Where-Object { [string]$_.Name -ne '' -and $full.StartsWith([string]$_.Name, [System.StringComparison]::OrdinalIgnoreCase) } |
            Sort-Object -Property { ([string]$_.Name).Length } | Select-Object -Last 1
        if ($null -ne $volume -and $null -ne $volume.FreeSpace) { return @{ Capacity = [long]$volume.Capacity; Free = [long]$volume.FreeSpace } }
    }
    try {
        $drive = $null
        foreach ($one in [System.IO.DriveInfo]::GetDrives()) {
            if ($full.StartsWith($one.Name, [System.StringComparison]::OrdinalIgnoreCase) -and ($null -eq $drive -or $one.Name.Length -gt $drive.Name.Length)) { $drive = $one }
        }
        if ($null -ne $drive -and $drive.IsReady) { $space = @{ Capacity = [long]$drive.TotalSize; Free = [long]$drive.AvailableFreeSpace } }
    }
    catch { Write-Verbose "The free space of $Path cannot be read: $_" }
    $space
}
