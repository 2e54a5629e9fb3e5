function Wait-AgentMerge {
    <#
    .SYNOPSIS
    Waits until no disk of a machine stands on a checkpoint's file that no checkpoint has any more; false at the end of the time.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param([Parameter(Mandatory = $true)] [string] $Id, [long] $TimeoutMs = 120000)
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $vm = Get-AgentVm -Id $Id
        $isMerging = [string]$vm.SecondaryOperationalStatus -ceq 'MergingDisks' -or @($vm.OperationalStatus | ForEach-Object { [string]$_ }) -ccontains 'MergingDisks'
        $hasSnapshots = @(Get-VMSnapshot -VM $vm).Count -gt 0
        $differencing = @(Get-VMHardDiskDrive -VM $vm | Where-Object { [string]$_.Path -match '\.avhdx?\z' }).Count -gt 0
        if (-not $isMerging -and ($hasSnapshots -or -not $differencing)) { return $true }
        if ($watch.ElapsedMilliseconds -ge $TimeoutMs) { return $false }
        Start-Sleep -Milliseconds 200
    }
}
