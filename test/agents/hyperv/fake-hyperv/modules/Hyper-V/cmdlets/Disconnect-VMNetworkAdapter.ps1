# Stands in for Disconnect-VMNetworkAdapter of the Hyper-V module.
function Disconnect-VMNetworkAdapter {
    [CmdletBinding(DefaultParameterSetName = 'Name', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMNetworkAdapter])]
    param(
        [Parameter(ParameterSetName = 'Name', Position = 1)]
        [Alias('VMNetworkAdapterName')][string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'Name', Position = 0, Mandatory = $true)]
        [string[]]$VMName,
        [Parameter(ParameterSetName = 'Obj', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMNetworkAdapter[]]$VMNetworkAdapter
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $patterns = if ($null -eq $Name) { @('') } else { $Name }
            foreach ($pattern in $patterns) {
                foreach ($item in @(Resolve-FakeNic -World $World -Adapter $VMNetworkAdapter -VMName $VMName -Name $pattern)) {
                    $item.device.switch = ''
                    if ($Passthru) { ConvertTo-FakeNicView -World $World -Machine $item.machine -Nic $item.device }
                }
            }
        }
    }
}
