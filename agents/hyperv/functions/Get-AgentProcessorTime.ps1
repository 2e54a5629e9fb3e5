function Get-AgentProcessorTime {
    <#
    .SYNOPSIS
    What the processors of a running machine have worked since it was started, in milliseconds; null where it is not certain that it is this machine's.
    .DESCRIPTION
    Hyper-V counts by the name of the machine: nothing is said for a name that another has too, or that the counters write otherwise.
    #>
    [CmdletBinding()]
    [OutputType([double])]
    param([Parameter(Mandatory = $true)] [object] $Vm)
    $name = [string]$Vm.Name
    if ($name -notmatch '\A[A-Za-z0-9][A-Za-z0-9._-]*\z' -or @(Get-VM -Name $name).Count -ne 1) { return $null }
    $counters = Get-AgentCounter -Class 'Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor' -Property PercentTotalRunTime -Filter "Name LIKE '$($name):Hv VP %'"
    if ($null -eq $counters) { return $null }
    $prefix = "$($name):hv vp ".ToLowerInvariant()
    $own = @($counters.Keys | Where-Object { $_.StartsWith($prefix, [System.StringComparison]::Ordinal) })
    if ($own.Count -ne [int]$Vm.ProcessorCount) { return $null }
    $sum = [double]0
    for ($number = 0; $number -lt $own.Count; $number++) {
        $found = $counters["$prefix$number"]
        if ($null -eq $found -or $found.Count -ne 1) { return $null }
        $sum += [double]$found[0].PercentTotalRunTime
    }
    $time = $sum / 10000
    # More than it can have worked since: these are another's, as after two machines have taken each other's names.
    if ($time -gt $Vm.Uptime.TotalMilliseconds * $own.Count * 1.1 + 10000) { return $null }
    $time
}
