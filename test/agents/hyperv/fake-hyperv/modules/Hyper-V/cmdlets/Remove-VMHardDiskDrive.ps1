# Stands in for Remove-VMHardDiskDrive of the Hyper-V module. Off the machine; the file stays. IDE: off only.
function Remove-VMHardDiskDrive {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.HardDiskDrive])]
    param(
        [Parameter(ParameterSetName = 'VMName', Position = 3, Mandatory = $true)]
        [int]$ControllerLocation,
        [Parameter(ParameterSetName = 'VMName', Position = 2, Mandatory = $true)]
        [int]$ControllerNumber,
        [Parameter(ParameterSetName = 'VMName', Position = 1, Mandatory = $true)]
        [Microsoft.HyperV.PowerShell.ControllerType]$ControllerType,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'VMHardDiskDrive', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
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
                if ($target.device.controller -eq 'IDE') { Assert-FakeOff -Machine $target.machine -What 'Ein IDE-Laufwerk' }
                $view = ConvertTo-FakeDriveView -World $World -Machine $target.machine -Drive $target.device
                $target.machine.drives = @($target.machine.drives | Where-Object { $_.id -ne $target.device.id })
                if ($Passthru) { $view }
            }
        }
    }
}
