# Stands in for Get-VMScsiController of the Hyper-V module.
function Get-VMScsiController {
    [CmdletBinding(DefaultParameterSetName = 'VMName')]
    [OutputType([Microsoft.HyperV.PowerShell.VMScsiController])]
    param(
        [Parameter(Position = 1)]
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
                for ($n = 0; $n -lt $machine.scsi; $n++) {
                    if ($Bound.ContainsKey('ControllerNumber') -and $n -ne $ControllerNumber) { continue }
                    ConvertTo-FakeControllerView -World $World -Machine $machine -Number $n
                }
            }
        }
    }
}
