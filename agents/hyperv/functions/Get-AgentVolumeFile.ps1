function Get-AgentVolumeFile {
    <#
    .SYNOPSIS
    The virtual disks in a folder and the folders in it; links and checkpoints' files are passed over. More than 10,000 are refused.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [string] $Path,
        [string] $Pattern = '\.vhdx?\z'
    )
    $folders = [System.Collections.Queue]::new()
    $folders.Enqueue($Path)
    $count = 0
    while ($folders.Count -gt 0) {
        $folder = $folders.Dequeue()
        try { $entries = @([System.IO.DirectoryInfo]::new($folder).GetFileSystemInfos()) } catch { continue }
        foreach ($entry in $entries) {
            if (($entry.Attributes -band [System.IO.FileAttributes]::ReparsePoint) -ne 0) { continue }
            if (($entry.Attributes -band [System.IO.FileAttributes]::Directory) -ne 0) { $folders.Enqueue($entry.FullName) }
            elseif ($entry.Name -match $Pattern) {
                $count++
                if ($count -gt 10000) { throw (New-AgentFailure -Code STORAGE_UNAVAILABLE -Message 'A folder holds more than 10,000 files of that kind.') }
                $entry.FullName
            }
        }
    }
}
