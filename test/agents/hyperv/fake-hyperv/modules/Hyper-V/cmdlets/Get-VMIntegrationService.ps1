# Stands in for Get-VMIntegrationService of the Hyper-V module.
function Get-VMIntegrationService {
    [CmdletBinding(DefaultParameterSetName = 'VMName')]
    [OutputType([Microsoft.HyperV.PowerShell.VMIntegrationComponent])]
    param(
        [Parameter(Position = 1)]
        [string[]]$Name,
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
                foreach ($service in @(Resolve-FakeService -Machine $machine -Name $Name)) { ConvertTo-FakeServiceView -World $World -Machine $machine -Service $service }
            }
        }
    }
}
