# Stands in for Disable-VMTPM of the Hyper-V module.
function Disable-VMTPM {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
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
                Assert-FakeGeneration2 -Machine $machine
                Assert-FakeOff -Machine $machine -What 'Das virtuelle TPM'
                $machine.security.tpm = $false
                Write-FakePassthru -Bound $Bound -World $World -Machine $machine
            }
        }
    }
}
