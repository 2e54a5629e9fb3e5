# Stands in for Get-VMDvdDrive of the Hyper-V module.
function Get-VMDvdDrive {
    [CmdletBinding(DefaultParameterSetName = 'VMName')]
    [OutputType([Microsoft.HyperV.PowerShell.DvdDrive])]
    param(
        [Parameter()]
        [int]$ControllerLocation,
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'VMObject')]
        [Parameter(ParameterSetName = 'VMSnapshot')]
        [int]$ControllerNumber,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName,
        [Parameter(ParameterSetName = 'VMSnapshot', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Alias('VMCheckpoint')][Microsoft.HyperV.PowerShell.VMSnapshot]$VMSnapshot
    )
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($machine in @(Resolve-FakeSource -World $World -VM $VM -VMName $VMName -Snapshot $VMSnapshot)) {
                foreach ($drive in @($machine.drives | Where-Object kind -EQ 'dvd')) {
                    if ($Bound.ContainsKey('ControllerNumber') -and $drive.number -ne $ControllerNumber) { continue }
                    if ($Bound.ContainsKey('ControllerLocation') -and $drive.location -ne $ControllerLocation) { continue }
                    ConvertTo-FakeDriveView -World $World -Machine $machine -Drive $drive
                }
            }
        }
    }
}
