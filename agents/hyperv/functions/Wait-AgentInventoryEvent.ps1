function Wait-AgentInventoryEvent {
    <#
    .SYNOPSIS
    Waits for an event of WMI until a moment of a stopwatch, or until the relay has ended. True when one came; none stays in the queue.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param(
        [Parameter(Mandatory = $true)] [System.Diagnostics.Stopwatch] $Watch,
        [Parameter(Mandatory = $true)] [long] $UntilMs,
        [Parameter(Mandatory = $true)] [long] $RelayProcess
    )
    while ($Watch.ElapsedMilliseconds -lt $UntilMs) {
        try { $null = [System.Diagnostics.Process]::GetProcessById($RelayProcess) } catch { return $false }
        $seconds = [Math]::Min(5, [Math]::Ceiling(($UntilMs - $Watch.ElapsedMilliseconds) / 1000))
        $found = @(Wait-Event -Timeout ([Math]::Max(1, $seconds)))
        if ($found.Count -eq 0) { continue }
        $source = $found[0].SourceEventArgs
        # A subscription that is refused later says so by an event of its own.
        if ($null -ne $source -and $null -ne $source.PSObject.Properties['Exception'] -and $null -ne $source.Exception) { throw $source.Exception }
        Get-Event | Remove-Event
        return $true
    }
    $false
}
