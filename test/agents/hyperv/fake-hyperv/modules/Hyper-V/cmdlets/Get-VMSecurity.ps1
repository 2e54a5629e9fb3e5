# Stands in for Get-VMSecurity of the Hyper-V module.
function Get-VMSecurity {
    [CmdletBinding(DefaultParameterSetName = 'VMName')]
    [OutputType([Microsoft.HyperV.PowerShell.VMSecurity])]
    param(
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName
    )
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
                Assert-FakeGeneration2 -Machine $machine
                $property = Get-FakeOwner -World $World -Machine $machine
                $property['TpmEnabled'] = $machine.security.tpm
                ConvertTo-FakeObject -Type 'VMSecurity' -Property $property
            }
        }
    }
}
