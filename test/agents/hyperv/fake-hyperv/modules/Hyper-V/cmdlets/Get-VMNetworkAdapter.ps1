# Stands in for Get-VMNetworkAdapter of the Hyper-V module.
function Get-VMNetworkAdapter {
    [CmdletBinding(DefaultParameterSetName = 'VMName')]
    [OutputType([Microsoft.HyperV.PowerShell.VMNetworkAdapter])]
    param(
        [Parameter(ParameterSetName = 'All', Mandatory = $true)]
        [switch]$All,
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'VMObject')]
        [bool]$IsLegacy,
        [Parameter(Position = 1)]
        [Alias('VMNetworkAdapterName')][string]$Name,
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
            if ($null -ne $VMSnapshot) { $found = @(foreach ($machine in @(Resolve-FakeSource -World $World -Snapshot $VMSnapshot)) { foreach ($nic in @($machine.nics)) { [pscustomobject]@{ machine = $machine; device = $nic } } }) }
            elseif ($All) { $found = @(foreach ($machine in @($World.vms | Where-Object { -not $_.planned })) { foreach ($nic in @($machine.nics)) { [pscustomobject]@{ machine = $machine; device = $nic } } }) }
            else { $found = @(Resolve-FakeNic -World $World -VM $VM -VMName $VMName -Name "$Name") }
            foreach ($item in $found) {
                if ($Bound.ContainsKey('IsLegacy') -and $item.device.legacy -ne $IsLegacy) { continue }
                ConvertTo-FakeNicView -World $World -Machine $item.machine -Nic $item.device
            }
        }
    }
}
