# Stands in for Get-VMNetworkAdapterVlan of the Hyper-V module.
function Get-VMNetworkAdapterVlan {
    [CmdletBinding(DefaultParameterSetName = 'VMName')]
    [OutputType([Microsoft.HyperV.PowerShell.VMNetworkAdapterVlanSetting])]
    param(
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0)]
        [string[]]$VMName,
        [Parameter(ParameterSetName = 'ResourceObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMNetworkAdapterBase[]]$VMNetworkAdapter,
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'VMObject')]
        [string]$VMNetworkAdapterName,
        [Parameter(ParameterSetName = 'VMSnapshot', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Alias('VMCheckpoint')][Microsoft.HyperV.PowerShell.VMSnapshot]$VMSnapshot
    )
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($null -ne $VMSnapshot) { $found = @(foreach ($machine in @(Resolve-FakeSource -World $World -Snapshot $VMSnapshot)) { foreach ($nic in @($machine.nics)) { [pscustomobject]@{ machine = $machine; device = $nic } } }) }
            else {
                if ($Cmdlet.ParameterSetName -eq 'VMName' -and $null -eq $VMName) { $VMName = '*' }
                $found = @(Resolve-FakeNic -World $World -Adapter $VMNetworkAdapter -VM $VM -VMName $VMName -Name "$VMNetworkAdapterName")
            }
            foreach ($item in $found) {
                $view = ConvertTo-FakeNicView -World $World -Machine $item.machine -Nic $item.device
                ConvertTo-FakeVlanView -World $World -Machine $item.machine -Nic $item.device -Parent $view
            }
        }
    }
}
