# Stands in for Add-VMDvdDrive of the Hyper-V module.
function Add-VMDvdDrive {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.DvdDrive])]
    param(
        [Parameter(Position = 3)]
        [int]$ControllerLocation,
        [Parameter(ParameterSetName = 'VMName', Position = 2)]
        [Parameter(ParameterSetName = 'VMObject', Position = 2)]
        [int]$ControllerNumber,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(Position = 4)]
        [string]$Path,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
                $number = if ($Bound.ContainsKey('ControllerNumber')) { $ControllerNumber } else { -1 }
                $location = if ($Bound.ContainsKey('ControllerLocation')) { $ControllerLocation } else { -1 }
                Assert-FakeOff -Machine $machine -What 'Ein DVD-Laufwerk'
                $file = Resolve-FakeIso -Path $Path
                $drive = Add-FakeDrive -Machine $machine -Kind 'dvd' -Slot (Resolve-FakeSlot -Machine $machine -Type '' -Number $number -Location $location) -Path $file
                if ($Passthru) { ConvertTo-FakeDriveView -World $World -Machine $machine -Drive $drive }
            }
        }
    }
}
