# Stands in for Set-VMNetworkAdapterVlan of the Hyper-V module.
function Set-VMNetworkAdapterVlan {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMNetworkAdapterVlanSetting])]
    param(
        [Parameter()]
        [Alias('a')][switch]$Access,
        [Parameter()]
        [string]$AllowedVlanIdList,
        [Parameter()]
        [Alias('c')][switch]$Community,
        [Parameter()]
        [Alias('i')][switch]$Isolated,
        [Parameter()]
        [int]$NativeVlanId,
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [int]$PrimaryVlanId,
        [Parameter()]
        [Alias('p')][switch]$Promiscuous,
        [Parameter()]
        [int]$SecondaryVlanId,
        [Parameter()]
        [string]$SecondaryVlanIdList,
        [Parameter()]
        [Alias('t')][switch]$Trunk,
        [Parameter()]
        [Alias('u')][switch]$Untagged,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName,
        [Parameter(ParameterSetName = 'ResourceObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMNetworkAdapterBase[]]$VMNetworkAdapter,
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'VMObject')]
        [string]$VMNetworkAdapterName,
        [Parameter()]
        [Alias('AccessVlanId')][int]$VlanId
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($item in @(Resolve-FakeNic -World $World -Adapter $VMNetworkAdapter -VM $VM -VMName $VMName -Name "$VMNetworkAdapterName")) {
                Edit-FakeVlan -Nic $item.device -Bound $Bound
                if ($Passthru) { ConvertTo-FakeVlanView -World $World -Machine $item.machine -Nic $item.device -Parent $null }
            }
        }
    }
}
