# Stands in for Remove-VMNetworkAdapter of the Hyper-V module.
function Remove-VMNetworkAdapter {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMNetworkAdapter])]
    param(
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'VMObject')]
        [Alias('VMNetworkAdapterName')][string]$Name,
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
                if ($item.machine.generation -eq 1 -or $item.device.legacy) { Assert-FakeOff -Machine $item.machine -What 'Ein Netzwerkadapter' }
                $view = ConvertTo-FakeNicView -World $World -Machine $item.machine -Nic $item.device
                $item.machine.nics = @($item.machine.nics | Where-Object { $_.id -ne $item.device.id })
                if ($Passthru) { $view }
            }
        }
    }
}
