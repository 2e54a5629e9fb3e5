function Get-AgentNicCounter {
    <#
    .SYNOPSIS
    What a running machine has received and sent, by its adapters; null where that is certain of none.
    .DESCRIPTION
    The name of an instance ends with the ids of the machine and of the adapter. Emulated adapters are counted elsewhere, by names alone.
    #>
    [CmdletBinding()]
    [OutputType([object[]], [array])]
    param([Parameter(Mandatory = $true)] [AllowEmptyCollection()] [object[]] $Nics)
    if ($Nics.Count -eq 0) { return , @() }
    $counters = Get-AgentCounter -Class 'Win32_PerfRawData_NvspNicStats_HyperVVirtualNetworkAdapter' -Property BytesReceivedPersec, BytesSentPersec
    if ($null -eq $counters) { return $null }
    $items = @(foreach ($nic in $Nics) {
            $end = ([string]$nic.Object.Id -creplace '\AMicrosoft:', '' -creplace '[\\/]', '--').ToLowerInvariant()
            if ($end -cnotmatch '\A[0-9a-f-]{36}--[0-9a-f-]{36}\z') { continue }
            $names = @($counters.Keys | Where-Object { ($_ -creplace '[{}]', '').EndsWith($end, [System.StringComparison]::Ordinal) })
            if ($names.Count -ne 1 -or $counters[$names[0]].Count -ne 1) { continue }
            $one = $counters[$names[0]][0]
            [ordered]@{ id = $nic.Id; received_bytes = [long]$one.BytesReceivedPersec; sent_bytes = [long]$one.BytesSentPersec }
        })
    if ($items.Count -eq 0) { return $null }
    , $items
}
