# Stands in for Rename-VMNetworkAdapter of the Hyper-V module.
function Rename-VMNetworkAdapter {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMNetworkAdapter])]
    param(
        [Parameter(ParameterSetName = 'VMName', Position = 1)]
        [Parameter(ParameterSetName = 'VMObject', Position = 1)]
        [Alias('VMNetworkAdapterName')][string]$Name,
        [Parameter(Position = 2, Mandatory = $true)]
        [string]$NewName,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName,
        [Parameter(ParameterSetName = 'ResourceObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMNetworkAdapterBase[]]$VMNetworkAdapter
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($item in @(Resolve-FakeNic -World $World -Adapter $VMNetworkAdapter -VM $VM -VMName $VMName -Name "$Name")) {
                $item.device.name = $NewName
                if ($Passthru) { ConvertTo-FakeNicView -World $World -Machine $item.machine -Nic $item.device }
            }
        }
    }
}
