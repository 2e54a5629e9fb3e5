# Stands in for Remove-VMDvdDrive of the Hyper-V module.
function Remove-VMDvdDrive {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.DvdDrive])]
    param(
        [Parameter(ParameterSetName = 'VMName', Position = 2, Mandatory = $true)]
        [int]$ControllerLocation,
        [Parameter(ParameterSetName = 'VMName', Position = 1, Mandatory = $true)]
        [int]$ControllerNumber,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'VMDvdDrive', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
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
                    [pscustomobject]@{ machine = $machine; device = (Resolve-FakeDriveSlot -Machine $machine -Kind 'dvd' -Type '' -Number $ControllerNumber -Location $ControllerLocation) }
                })
            foreach ($target in $targets) {
                Assert-FakeOff -Machine $target.machine -What 'Ein DVD-Laufwerk'
                $view = ConvertTo-FakeDriveView -World $World -Machine $target.machine -Drive $target.device
                $target.machine.drives = @($target.machine.drives | Where-Object { $_.id -ne $target.device.id })
                if ($Passthru) { $view }
            }
        }
    }
}
