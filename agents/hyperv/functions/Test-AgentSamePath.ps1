function Test-AgentSamePath {
    <#
    .SYNOPSIS
    Whether two paths are one file's, as far as their text says: any case, short names, other slashes and dots are one.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyString()] [AllowNull()] [string] $Path,
        [Parameter(Mandatory = $true)] [AllowEmptyString()] [AllowNull()] [string] $Other
    )
    if ([string]$Path -eq '' -or [string]$Other -eq '') { return $false }
    $full = @(foreach ($one in $Path, $Other) {
            # A physical disk's "path" is none.
            try { if ([System.IO.Path]::IsPathRooted($one)) { [System.IO.Path]::GetFullPath($one) } else { $one } } catch { $one }
        })
    [string]::Equals($full[0], $full[1], [System.StringComparison]::OrdinalIgnoreCase)
}
