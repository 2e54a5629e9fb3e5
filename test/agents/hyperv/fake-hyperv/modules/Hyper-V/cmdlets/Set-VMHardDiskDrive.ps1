# Stands in for Set-VMHardDiskDrive of the Hyper-V module.
function Set-VMHardDiskDrive {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.HardDiskDrive])]
    param(
        [Parameter(ParameterSetName = 'VMName', Position = 3)]
        [int]$ControllerLocation,
        [Parameter(ParameterSetName = 'VMName', Position = 2)]
        [int]$ControllerNumber,
        [Parameter(ParameterSetName = 'VMName', Position = 1)]
        [Microsoft.HyperV.PowerShell.ControllerType]$ControllerType,
        [Parameter()]
        [uint64]$MaximumIOPS,
        [Parameter()]
        [uint64]$MinimumIOPS,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.CacheAttributes]$OverrideCacheAttributes,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(Position = 4)]
        [string]$Path,
        [Parameter()]
        [Alias('ShareVirtualDisk')][bool]$SupportPersistentReservations,
        [Parameter()]
        [int]$ToControllerLocation,
        [Parameter()]
        [int]$ToControllerNumber,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.ControllerType]$ToControllerType,
        [Parameter(ParameterSetName = 'Object', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.HardDiskDrive[]]$VMHardDiskDrive,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string]$VMName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $targets = @(if ($null -ne $VMHardDiskDrive) { $VMHardDiskDrive | ForEach-Object { Resolve-FakeDevice -World $World -Device $_ } } else {
                    $machine = Resolve-FakeVM -World $World -Name $VMName
                    [pscustomobject]@{ machine = $machine; device = (Resolve-FakeDriveSlot -Machine $machine -Kind 'hard' -Type "$ControllerType" -Number $ControllerNumber -Location $ControllerLocation) }
                })
            foreach ($target in $targets) {
                if ($Path) {
                    $file = Get-FakeFullPath -Path $Path
                    $null = Get-FakeChain -Path $file
                    Assert-FakeFree -World $World -Path $file
                    Assert-FakeOff -Machine $target.machine -What 'Die Datei eines Laufwerks'
                    $target.device.path = $file
                }
                Move-FakeDrive -Machine $target.machine -Drive $target.device -Bound $Bound
                Edit-FakeDrive -Drive $target.device -Bound $Bound
                if ($Passthru) { ConvertTo-FakeDriveView -World $World -Machine $target.machine -Drive $target.device }
            }
        }
    }
}
