# Performance counters: raw ones of running machines, which go on with the time that they run. Names as perflib writes them.

# What a name may not have is written otherwise.
function ConvertTo-FakeCounterName {
    param([string]$Text)
    return $Text.Replace('(', '[').Replace(')', ']').Replace('#', '_').Replace('/', '-').Replace('\', '-')
}

# Two instances of one name are told apart by a number.
function ConvertTo-FakeCounterTable {
    param([string]$Class, [object[]]$Row)
    $seen = @{}
    foreach ($one in $Row) {
        $name = [string]$one['Name']
        $count = [int]$seen[$name]
        $seen[$name] = $count + 1
        if ($count -gt 0) { $one['Name'] = "$name#$count" }
        $one['Timestamp_Sys100NS'] = [uint64]((Get-FakeNow) * 10000)
        ConvertTo-FakeCim -Class $Class -Namespace 'root/cimv2' -Property $one
    }
}

function Get-FakeRunTime {
    param([psobject]$Machine)
    return [long]((Get-FakeNow) - $Machine.startedMs)
}

# Each processor works as the guest's cpuUsage says; times are in 100 ns.
function Get-FakeProcessorCounter {
    param([psobject]$Machine)
    for ($number = 0; $number -lt $Machine.cpu.count; $number++) {
        [ordered]@{ Name = "$(ConvertTo-FakeCounterName -Text $Machine.name):Hv VP $number"; PercentTotalRunTime = [uint64]((Get-FakeRunTime -Machine $Machine) * 100 * [int]$Machine.guest.cpuUsage) }
    }
}

# 4,096 bytes read and 8,192 written in a millisecond, in one operation each.
function Get-FakeStorageCounter {
    param([psobject]$Machine)
    $time = Get-FakeRunTime -Machine $Machine
    foreach ($drive in @($Machine.drives | Where-Object { $_.kind -eq 'hard' -and $_.path -ne '' })) {
        [ordered]@{
            Name = ConvertTo-FakeCounterName -Text $drive.path; ReadBytesPersec = [uint64]($time * 4096); WriteBytesPersec = [uint64]($time * 8192)
            ReadOperationsPerSec = [uint64]$time; WriteOperationsPerSec = [uint64]$time; ErrorCount = [uint64]0; QueueLength = [uint32]0
        }
    }
}

# 100 bytes received and 50 sent in a millisecond. Emulated adapters are of another class.
function Get-FakeNicCounter {
    param([psobject]$Machine)
    $time = Get-FakeRunTime -Machine $Machine
    foreach ($nic in @($Machine.nics | Where-Object { -not $_.legacy })) {
        $ids = "$($Machine.id.ToUpperInvariant())--$($nic.id.ToUpperInvariant())"
        [ordered]@{ Name = "$(ConvertTo-FakeCounterName -Text "$($Machine.name)_$($nic.name)")_$ids"; BytesReceivedPersec = [uint64]($time * 100); BytesSentPersec = [uint64]($time * 50) }
    }
}

# Null: no class of counters.
function Get-FakeCounterTable {
    param([psobject[]]$Machine, [string]$Class)
    $counters = switch ($Class) {
        'Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor' { 'Get-FakeProcessorCounter' }
        'Win32_PerfRawData_Counters_HyperVVirtualStorageDevice' { 'Get-FakeStorageCounter' }
        'Win32_PerfRawData_NvspNicStats_HyperVVirtualNetworkAdapter' { 'Get-FakeNicCounter' }
        default { return $null }
    }
    $rows = @($Machine | Where-Object { $_.startedMs -gt 0 } | ForEach-Object { & $counters -Machine $_ })
    $total = [ordered]@{ Name = '_Total' }
    if ($rows.Count -gt 0) { foreach ($key in @($rows[0].Keys | Where-Object { $_ -ne 'Name' })) { $total[$key] = [uint64]0 } }
    return , @(ConvertTo-FakeCounterTable -Class $Class -Row ($rows + @($total)))
}
