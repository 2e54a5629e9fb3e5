function Get-AgentDiskCounter {
    <#
    .SYNOPSIS
    What a running machine has read and written, by its disks; null where that is certain of none.
    .DESCRIPTION
    Hyper-V counts by the path of the file with dashes for slashes: nothing is said of a path that could be another's then, or has other letters.
    #>
    [CmdletBinding()]
    [OutputType([object[]], [array])]
    param([Parameter(Mandatory = $true)] [AllowEmptyCollection()] [object[]] $Disks)
    if ($Disks.Count -eq 0) { return , @() }
    $found = Get-AgentCounter -Class 'Win32_PerfRawData_Counters_HyperVVirtualStorageDevice' -Property ReadBytesPersec, WriteBytesPersec, ReadOperationsPerSec, WriteOperationsPerSec
    if ($null -eq $found) { return $null }
    $keyOf = { param($path) (($path -creplace '\A\\\\\?\\', '') -creplace '[\\/]', '-').ToLowerInvariant() }
    $counters = @{}
    foreach ($name in $found.Keys) {
        $key = $name -creplace '\A--\?-', ''
        if (-not $counters.ContainsKey($key)) { $counters[$key] = [System.Collections.Generic.List[object]]::new() }
        $counters[$key].AddRange($found[$name])
    }
    $keys = @($Disks | ForEach-Object { & $keyOf $_.Path })
    $items = @(for ($index = 0; $index -lt $Disks.Count; $index++) {
            $key = $keys[$index]
            if ($Disks[$index].Path -notmatch '\A[A-Za-z0-9 ._:\\/-]+\z' -or @($keys -ceq $key).Count -ne 1) { continue }
            $one = $counters[$key]
            if ($null -eq $one -or $one.Count -ne 1) { continue }
            [ordered]@{
                id = $Disks[$index].Id; read_bytes = [long]$one[0].ReadBytesPersec; written_bytes = [long]$one[0].WriteBytesPersec
                reads = [long]$one[0].ReadOperationsPerSec; writes = [long]$one[0].WriteOperationsPerSec
            }
        })
    if ($items.Count -eq 0) { return $null }
    , $items
}
