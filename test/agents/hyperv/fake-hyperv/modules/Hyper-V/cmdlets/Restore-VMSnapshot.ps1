# Stands in for Restore-VMSnapshot of the Hyper-V module.
function Restore-VMSnapshot {
    [CmdletBinding(DefaultParameterSetName = 'SnapshotName', SupportsShouldProcess = $true, ConfirmImpact = 'High')]
    [OutputType([Microsoft.HyperV.PowerShell.VMSnapshot])]
    param(
        [Parameter(ParameterSetName = 'SnapshotName', Position = 0, Mandatory = $true)]
        [Parameter(ParameterSetName = 'VM', Position = 0, Mandatory = $true)]
        [string]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'VM', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine]$VM,
        [Parameter(ParameterSetName = 'SnapshotName', Position = 1, Mandatory = $true)]
        [string]$VMName,
        [Parameter(ParameterSetName = 'SnapshotObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Alias('VMCheckpoint')][Microsoft.HyperV.PowerShell.VMSnapshot]$VMSnapshot
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($item in @(Resolve-FakeSnapshot -World $World -Snapshot $VMSnapshot -VM $VM -VMName $VMName -Name $Name)) {
                if ($item.machine.state -notin 'Off', 'Saved', 'Running', 'Paused') { Deny-FakeWork -Id 'InvalidState' -Message 'In diesem Zustand nicht moeglich.' }
                Restore-FakeSnapshot -World $World -Machine $item.machine -Snapshot $item.snapshot
                if ($Passthru) { ConvertTo-FakeSnapshotView -World $World -Machine $item.machine -Snapshot $item.snapshot }
            }
        }
    }
}
