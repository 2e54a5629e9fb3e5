# Stands in for Remove-VMSnapshot of the Hyper-V module.
function Remove-VMSnapshot {
    [CmdletBinding(DefaultParameterSetName = 'SnapshotName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMSnapshot])]
    param(
        [Parameter()]
        [Alias('IncludeAllChildCheckpoints')][switch]$IncludeAllChildSnapshots,
        [Parameter(ParameterSetName = 'SnapshotName', Position = 1)]
        [string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'SnapshotName', Position = 0, Mandatory = $true)]
        [string[]]$VMName,
        [Parameter(ParameterSetName = 'SnapshotObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Alias('VMCheckpoint')][Microsoft.HyperV.PowerShell.VMSnapshot[]]$VMSnapshot
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($item in @(Resolve-FakeSnapshot -World $World -Snapshot $VMSnapshot -VM $VM -VMName $VMName -Name $Name)) {
                $queue = @($item.snapshot)
                if ($IncludeAllChildSnapshots) {
                    for ($n = 0; $n -lt $queue.Count; $n++) { $queue += @($item.machine.snapshots | Where-Object { $_.parent -eq $queue[$n].id }) }
                    [array]::Reverse($queue)
                }
                foreach ($snapshot in $queue) {
                    $view = ConvertTo-FakeSnapshotView -World $World -Machine $item.machine -Snapshot $snapshot
                    Clear-FakeSnapshot -World $World -Machine $item.machine -Snapshot $snapshot
                    if ($Passthru) { $view }
                }
            }
        }
    }
}
