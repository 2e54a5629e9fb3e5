# Stands in for Rename-VMSnapshot of the Hyper-V module.
function Rename-VMSnapshot {
    [CmdletBinding(DefaultParameterSetName = 'SnapshotName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMSnapshot])]
    param(
        [Parameter(ParameterSetName = 'SnapshotName', Position = 0, Mandatory = $true)]
        [Parameter(ParameterSetName = 'VM', Position = 0, Mandatory = $true)]
        [string]$Name,
        [Parameter(Position = 2, Mandatory = $true)]
        [string]$NewName,
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
                $item.snapshot.name = $NewName
                if ($Passthru) { ConvertTo-FakeSnapshotView -World $World -Machine $item.machine -Snapshot $item.snapshot }
            }
        }
    }
}
