# Stands in for Set-VMDvdDrive of the Hyper-V module. A medium in (-Path), out (-Path $null), also while the machine runs; to another slot only when it is off.
function Set-VMDvdDrive {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.DvdDrive])]
    param(
        [Parameter(ParameterSetName = 'VMName', Position = 2)]
        [int]$ControllerLocation,
        [Parameter(ParameterSetName = 'VMName', Position = 1)]
        [int]$ControllerNumber,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(Position = 3)]
        [string]$Path,
        [Parameter()]
        [int]$ToControllerLocation,
        [Parameter()]
        [int]$ToControllerNumber,
        [Parameter(ParameterSetName = 'Object', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.DvdDrive[]]$VMDvdDrive,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string]$VMName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $targets = @(if ($null -ne $VMDvdDrive) { $VMDvdDrive | ForEach-Object { Resolve-FakeDevice -World $World -Device $_ } } else {
                    $machine = Resolve-FakeVM -World $World -Name $VMName
                    $drives = @($machine.drives | Where-Object kind -EQ 'dvd')
                    if ($Bound.ContainsKey('ControllerNumber') -or $drives.Count -ne 1) { $drives = @(Resolve-FakeDriveSlot -Machine $machine -Kind 'dvd' -Type '' -Number $ControllerNumber -Location $ControllerLocation) }
                    [pscustomobject]@{ machine = $machine; device = $drives[0] }
                })
            foreach ($target in $targets) {
                if ($Bound.ContainsKey('Path')) { $target.device.path = Resolve-FakeIso -Path $Path }
                Move-FakeDrive -Machine $target.machine -Drive $target.device -Bound $Bound
                if ($Passthru) { ConvertTo-FakeDriveView -World $World -Machine $target.machine -Drive $target.device }
            }
        }
    }
}
