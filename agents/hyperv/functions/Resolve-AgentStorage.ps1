function Resolve-AgentStorage {
    <#
    .SYNOPSIS
    The folder of a storage class that the host declares; STORAGE_NOT_FOUND, STORAGE_UNAVAILABLE.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Name,
        [Parameter(Mandatory = $true)] [hashtable] $Resources,
        [string] $Pointer = '/storage_class'
    )
    $path = $null
    if ($Name -is [string] -and $Resources.storage.Contains($Name)) { $path = $Resources.storage.get_Item($Name) }
    if ($path -is [System.Collections.IDictionary]) { $path = $path['path'] }
    if ($path -isnot [string] -or -not [System.IO.Path]::IsPathRooted($path)) {
        throw (New-AgentFailure -Code STORAGE_NOT_FOUND -Message "The host declares no storage class $Name." -Pointer $Pointer)
    }
    $full = [System.IO.Path]::GetFullPath($path)
    # D:\ without its end is where this process happens to be on D:.
    if ($full.Length -gt [System.IO.Path]::GetPathRoot($full).Length) { $full = $full.TrimEnd([char[]] @('\', '/')) }
    if (-not [System.IO.Directory]::Exists($full)) {
        throw (New-AgentFailure -Code STORAGE_UNAVAILABLE -Message "The folder of the storage class $Name is not there." -Pointer $Pointer)
    }
    $full
}
