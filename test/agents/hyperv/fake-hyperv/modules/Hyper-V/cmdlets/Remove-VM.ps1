# Stands in for Remove-VM of the Hyper-V module. The machine goes with its checkpoints and saved state; its disk files stay.
function Remove-VM {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VirtualMachine])]
    param(
        [Parameter()]
        [switch]$Force,
        [Parameter(ParameterSetName = 'Name', Position = 0, Mandatory = $true)]
        [Alias('VMName')][string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            Assert-FakeForce -Force $Force -Message 'Remove-VM'
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $Name)) {
                if ($machine.state -notin 'Off', 'Saved') { Deny-FakeWork -Id 'InvalidState' -Message 'Der virtuelle Computer wird ausgefuehrt.' }
                Assert-FakeNotMerging -Machine $machine
                foreach ($snapshot in @($machine.snapshots)) { Clear-FakeSnapshot -World $World -Machine $machine -Snapshot $snapshot }
                $World.vms = @($World.vms | Where-Object { $_.id -ne $machine.id })
                $file = [System.IO.Path]::Combine($machine.path, 'Virtual Machines', "$($machine.id.ToUpperInvariant()).vmcx")
                if ([System.IO.File]::Exists($file)) { [System.IO.File]::Delete($file) }
                Write-FakePassthru -Bound $Bound -World $World -Machine $machine
            }
        }
    }
}
