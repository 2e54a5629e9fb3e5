# Stands in for Get-VMKeyProtector of the Hyper-V module. Four bytes (0 0 0 4) where there is none: never null.
function Get-VMKeyProtector {
    [CmdletBinding(DefaultParameterSetName = 'VMName')]
    [OutputType([byte[]])]
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
                if ($machine.security.protector -eq '') { [byte[]]@(0, 0, 0, 4) } else { [System.Convert]::FromBase64String($machine.security.protector) }
            }
        }
    }
}
