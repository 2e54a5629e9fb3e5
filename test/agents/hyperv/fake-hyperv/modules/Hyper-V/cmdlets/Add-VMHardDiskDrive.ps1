# Stands in for Add-VMHardDiskDrive of the Hyper-V module.
function Add-VMHardDiskDrive {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.HardDiskDrive])]
    param(
        [Parameter(Position = 3)]
        [int]$ControllerLocation,
        [Parameter(ParameterSetName = 'VMName', Position = 2)]
        [Parameter(ParameterSetName = 'VMObject', Position = 2)]
        [int]$ControllerNumber,
        [Parameter(ParameterSetName = 'VMName', Position = 1)]
        [Parameter(ParameterSetName = 'VMObject', Position = 1)]
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
        [Alias('ShareVirtualDisk')][switch]$SupportPersistentReservations,
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
                $type = if ($Bound.ContainsKey('ControllerType')) { "$ControllerType" } else { '' }
                $number = if ($Bound.ContainsKey('ControllerNumber')) { $ControllerNumber } else { -1 }
                $location = if ($Bound.ContainsKey('ControllerLocation')) { $ControllerLocation } else { -1 }
                if (-not $Path) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Es ist kein Pfad angegeben.' }
                $file = Get-FakeFullPath -Path $Path
                if (-not [System.IO.File]::Exists($file)) { Deny-FakeWork -Id 'InvalidParameter' -Message "Die Datei `"$file`" ist nicht vorhanden (0x80070002)." -Target $file }
                $null = Get-FakeChain -Path $file
                if (@($machine.drives | Where-Object { $_.path -eq $file }).Count -gt 0) { Deny-FakeWork -Id 'OperationFailed' -Message 'Die Festplatte ist bereits angeschlossen.' }
                if (-not $SupportPersistentReservations) { Assert-FakeFree -World $World -Path $file }
                $drive = Add-FakeDrive -Machine $machine -Kind 'hard' -Slot (Resolve-FakeSlot -Machine $machine -Type $type -Number $number -Location $location) -Path $file
                Edit-FakeDrive -Drive $drive -Bound $Bound
                if ($Passthru) { ConvertTo-FakeDriveView -World $World -Machine $machine -Drive $drive }
            }
        }
    }
}
