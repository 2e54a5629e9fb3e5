# Stands in for Add-VMScsiController of the Hyper-V module.
function Add-VMScsiController {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMScsiController])]
    param(
        [Parameter()]
        [switch]$Passthru,
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
                Assert-FakeOff -Machine $machine -What 'Ein SCSI-Controller'
                if ($machine.scsi -ge 4) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Mehr als vier SCSI-Controller sind nicht moeglich.' }
                $machine.scsi++
                if ($Passthru) { ConvertTo-FakeControllerView -World $World -Machine $machine -Number ($machine.scsi - 1) }
            }
        }
    }
}
