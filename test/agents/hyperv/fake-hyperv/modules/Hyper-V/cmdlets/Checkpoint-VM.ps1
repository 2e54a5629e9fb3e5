# Stands in for Checkpoint-VM of the Hyper-V module.
function Checkpoint-VM {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMSnapshot])]
    param(
        [Parameter(ParameterSetName = 'Name', Position = 0, Mandatory = $true)]
        [Alias('VMName')][string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(Position = 1)]
        [Alias('CheckpointName')][string]$SnapshotName,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $Name)) {
                $label = if ($SnapshotName) { $SnapshotName } else { "$($machine.name) - ($([System.DateTime]::Now))" }
                if ($label.Length -gt 100) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Der Name ist zu lang.' }
                $snapshot = Add-FakeSnapshot -Machine $machine -Name $label
                if ($Passthru) { ConvertTo-FakeSnapshotView -World $World -Machine $machine -Snapshot $snapshot }
            }
        }
    }
}
