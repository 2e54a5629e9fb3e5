# Stands in for Import-VM of the Hyper-V module.
function Import-VM {
    [CmdletBinding(DefaultParameterSetName = 'Register', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VirtualMachine])]
    param(
        [Parameter(ParameterSetName = 'CompatibilityReport', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMCompatibilityReport]$CompatibilityReport,
        [Parameter(ParameterSetName = 'Copy', Mandatory = $true)]
        [switch]$Copy,
        [Parameter(ParameterSetName = 'Copy')]
        [switch]$GenerateNewId,
        [Parameter(ParameterSetName = 'Register', Position = 0, Mandatory = $true)]
        [Parameter(ParameterSetName = 'Copy', Position = 0, Mandatory = $true)]
        [string]$Path,
        [Parameter(ParameterSetName = 'Register')]
        [switch]$Register,
        [Parameter(ParameterSetName = 'Copy')]
        [Alias('CheckpointFileLocation', 'SnapshotFileLocation')]
        [string]$SnapshotFilePath,
        [Parameter(ParameterSetName = 'Copy', Position = 1)]
        [string]$VhdDestinationPath,
        [Parameter(ParameterSetName = 'Copy')]
        [string]$VirtualMachinePath
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($null -ne $CompatibilityReport) { $machine = Resolve-FakeVM -World $World -VM $CompatibilityReport.VM }
            else { $machine = Add-FakePlanned -World $World -Path (Get-FakeFullPath -Path $Path) -Copy $Copy -NewId $GenerateNewId -VhdDestination "$VhdDestinationPath" -VmPath "$VirtualMachinePath" }
            try { Complete-FakeImport -World $World -Machine $machine } finally {
                # One that failed without a report leaves nothing behind.
                if ($null -eq $CompatibilityReport -and $machine.planned) { $World.vms = @($World.vms | Where-Object { $_.id -ne $machine.id -or -not $_.planned }) }
            }
            ConvertTo-FakeVM -World $World -Machine $machine
        }
    }
}
