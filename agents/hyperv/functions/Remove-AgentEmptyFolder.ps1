function Remove-AgentEmptyFolder {
    <#
    .SYNOPSIS
    Removes a machine's folder when no file is left in it or beneath: one below a storage class, never the class's own folder.
    .DESCRIPTION
    One that has a file or a link anywhere stays as a whole: it may be shared.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Path,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    if ($Path -eq '' -or -not [System.IO.Directory]::Exists($Path)) { return }
    foreach ($name in @($Resources.storage.get_Keys())) {
        try { if (Test-AgentSamePath -Path (Resolve-AgentStorage -Name $name -Resources $Resources) -Other $Path.TrimEnd([char[]] @('\', '/'))) { return } } catch { continue }
    }
    try { $full = Assert-AgentPathInside -Path $Path -Resources $Resources } catch { return }
    $all = [System.Collections.Generic.List[string]]::new()
    $all.Add($full)
    for ($index = 0; $index -lt $all.Count; $index++) {
        foreach ($entry in [System.IO.DirectoryInfo]::new($all[$index]).GetFileSystemInfos()) {
            $isPlain = ($entry.Attributes -band [System.IO.FileAttributes]::Directory) -ne 0 -and ($entry.Attributes -band [System.IO.FileAttributes]::ReparsePoint) -eq 0
            if (-not $isPlain -or $all.Count -ge 100) { return }
            $all.Add($entry.FullName)
        }
    }
    for ($index = $all.Count - 1; $index -ge 0; $index--) { [System.IO.Directory]::Delete($all[$index]) }
}
