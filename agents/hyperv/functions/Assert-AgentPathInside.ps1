function Assert-AgentPathInside {
    <#
    .SYNOPSIS
    STORAGE_OUTSIDE unless a path lies in a declared storage folder, with no link or junction between that folder and it.
    .DESCRIPTION
    The declared folder itself may be a mount point: volumes of a cluster are. Returns the full path.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Path,
        [Parameter(Mandatory = $true)] [hashtable] $Resources,
        [string] $Pointer = ''
    )
    $refusal = New-AgentFailure -Code STORAGE_OUTSIDE -Message 'The path lies outside what the host declares, or leads through a link.' -Pointer $Pointer
    $class = Find-AgentStorageClass -Path $Path -Resources $Resources
    if ([string]$class -eq '') { throw $refusal }
    $root = Resolve-AgentStorage -Name $class -Resources $Resources
    $full = [System.IO.Path]::GetFullPath($Path)
    $at = $full
    while ($at.Length -gt $root.Length) {
        if (([System.IO.File]::Exists($at) -or [System.IO.Directory]::Exists($at)) -and ([System.IO.File]::GetAttributes($at) -band [System.IO.FileAttributes]::ReparsePoint) -ne 0) { throw $refusal }
        $at = [System.IO.Path]::GetDirectoryName($at)
    }
    $full
}
