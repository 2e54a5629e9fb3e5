# Stands in for Get-VMSnapshot of the Hyper-V module.
function Get-VMSnapshot {
    [CmdletBinding(DefaultParameterSetName = 'VMName')]
    [OutputType([Microsoft.HyperV.PowerShell.VMSnapshot])]
    param(
        [Parameter(ParameterSetName = 'Child', Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMSnapshot]$ChildOf,
        [Parameter(ParameterSetName = 'Id', Position = 0, Mandatory = $true)]
        [guid]$Id,
        [Parameter(ParameterSetName = 'VMName', Position = 1)]
        [Parameter(ParameterSetName = 'VMObject', Position = 1)]
        [Parameter(ParameterSetName = 'Parent', Position = 1)]
        [Parameter(ParameterSetName = 'Child', Position = 1)]
        [string]$Name,
        [Parameter(ParameterSetName = 'Parent', Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachineBase]$ParentOf,
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'VMObject')]
        [Parameter(ParameterSetName = 'Parent')]
        [Parameter(ParameterSetName = 'Child')]
        [Alias('VMRecoveryCheckpoint')][Microsoft.HyperV.PowerShell.SnapshotType]$SnapshotType,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName
    )
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($Cmdlet.ParameterSetName -eq 'Id') {
                $found = @(foreach ($machine in @($World.vms)) { foreach ($snapshot in @($machine.snapshots)) { if ($snapshot.id -eq $Id.ToString()) { [pscustomobject]@{ machine = $machine; snapshot = $snapshot } } } })
                if ($found.Count -eq 0) { Deny-FakeWork -Id 'ObjectNotFound' -Message "Es wurde kein Pruefpunkt mit der ID $Id gefunden." -Target $Id }
            } elseif ($null -ne $ChildOf) {
                $parent = @(Resolve-FakeSnapshot -World $World -Snapshot $ChildOf)[0]
                $found = @($parent.machine.snapshots | Where-Object { $_.parent -eq $parent.snapshot.id } | ForEach-Object { [pscustomobject]@{ machine = $parent.machine; snapshot = $_ } })
            } elseif ($null -ne $ParentOf) {
                $machine = Resolve-FakeVM -World $World -VM ([pscustomobject]@{ Id = $ParentOf.VMId })
                $wanted = $ParentOf.ParentSnapshotId.ToString()
                $found = @($machine.snapshots | Where-Object { $_.id -eq $wanted } | ForEach-Object { [pscustomobject]@{ machine = $machine; snapshot = $_ } })
            } else {
                $pattern = if ($Name) { $Name } else { $null }
                $found = @(Resolve-FakeSnapshot -World $World -VM $VM -VMName $VMName -Name $pattern)
            }
            if ($Bound.ContainsKey('SnapshotType') -and "$SnapshotType" -ne 'Standard') { $found = @() }
            foreach ($item in $found) { ConvertTo-FakeSnapshotView -World $World -Machine $item.machine -Snapshot $item.snapshot }
        }
    }
}
