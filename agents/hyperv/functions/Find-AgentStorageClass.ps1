function Find-AgentStorageClass {
    <#
    .SYNOPSIS
    The storage class in whose folder a path lies, the innermost; null when it lies in none.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyString()] [AllowNull()] [string] $Path,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    if ([string]$Path -eq '' -or -not [System.IO.Path]::IsPathRooted($Path)) { return $null }
    $full = [System.IO.Path]::GetFullPath($Path) + [System.IO.Path]::DirectorySeparatorChar
    $best = $null
    $length = 0
    foreach ($name in @($Resources.storage.get_Keys())) {
        $root = $Resources.storage.get_Item($name)
        if ($root -is [System.Collections.IDictionary]) { $root = $root['path'] }
        if ($root -isnot [string] -or -not [System.IO.Path]::IsPathRooted($root)) { continue }
        $root = [System.IO.Path]::GetFullPath($root).TrimEnd([char[]] @('\', '/')) + [System.IO.Path]::DirectorySeparatorChar
        if ($full.StartsWith($root, [System.StringComparison]::OrdinalIgnoreCase) -and $root.Length -gt $length) { $best = $name; $length = $root.Length }
    }
    $best
}
