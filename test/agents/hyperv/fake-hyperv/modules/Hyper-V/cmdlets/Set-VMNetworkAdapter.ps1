# Stands in for Set-VMNetworkAdapter of the Hyper-V module. Bandwidth is in bits per second.
function Set-VMNetworkAdapter {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMNetworkAdapter])]
    param(
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$AllowTeaming,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$DeviceNaming,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$DhcpGuard,
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'ResourceObject')]
        [Parameter(ParameterSetName = 'VMObject')]
        [switch]$DynamicMacAddress,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$IeeePriorityTag,
        [Parameter()]
        [uint32]$IovWeight,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$MacAddressSpoofing,
        [Parameter()]
        [long]$MaximumBandwidth,
        [Parameter()]
        [long]$MinimumBandwidthAbsolute,
        [Parameter()]
        [uint32]$MinimumBandwidthWeight,
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'VMObject')]
        [Alias('VMNetworkAdapterName')][string]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.VMNetworkAdapterPortMirroringMode]$PortMirroring,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$RouterGuard,
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'ResourceObject')]
        [Parameter(ParameterSetName = 'VMObject')]
        [string]$StaticMacAddress,
        [Parameter()]
        [uint32]$StormLimit,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string]$VMName,
        [Parameter(ParameterSetName = 'ResourceObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMNetworkAdapterBase]$VMNetworkAdapter,
        [Parameter()]
        [uint32]$VmqWeight
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($item in @(Resolve-FakeNic -World $World -Adapter $VMNetworkAdapter -VM $VM -VMName $VMName -Name "$Name")) {
                Edit-FakeNic -World $World -Machine $item.machine -Nic $item.device -Bound $Bound
                if ($Passthru) { ConvertTo-FakeNicView -World $World -Machine $item.machine -Nic $item.device }
            }
        }
    }
}
