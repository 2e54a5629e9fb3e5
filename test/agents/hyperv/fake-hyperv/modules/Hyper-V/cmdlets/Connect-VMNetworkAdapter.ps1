# Stands in for Connect-VMNetworkAdapter of the Hyper-V module.
function Connect-VMNetworkAdapter {
    [CmdletBinding(DefaultParameterSetName = 'Name_SwitchName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMNetworkAdapter])]
    param(
        [Parameter(ParameterSetName = 'Name_SwitchName', Position = 1)]
        [Parameter(ParameterSetName = 'Name_SwitchObject', Position = 1)]
        [Parameter(ParameterSetName = 'Name_UseAutomaticConnection', Position = 1)]
        [Alias('VMNetworkAdapterName')][string[]]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter(ParameterSetName = 'Name_SwitchName', Position = 1, Mandatory = $true)]
        [Parameter(ParameterSetName = 'Object_SwitchName', Position = 1, Mandatory = $true)]
        [string]$SwitchName,
        [Parameter(ParameterSetName = 'Object_UseAutomaticConnection', Mandatory = $true)]
        [Parameter(ParameterSetName = 'Name_UseAutomaticConnection', Mandatory = $true)]
        [switch]$UseAutomaticConnection,
        [Parameter(ParameterSetName = 'Name_SwitchName', Position = 0, Mandatory = $true)]
        [Parameter(ParameterSetName = 'Name_SwitchObject', Position = 0, Mandatory = $true)]
        [Parameter(ParameterSetName = 'Name_UseAutomaticConnection', Position = 0, Mandatory = $true)]
        [string[]]$VMName,
        [Parameter(ParameterSetName = 'Object_SwitchName', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Parameter(ParameterSetName = 'Object_SwitchObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Parameter(ParameterSetName = 'Object_UseAutomaticConnection', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VMNetworkAdapter[]]$VMNetworkAdapter,
        [Parameter(ParameterSetName = 'Object_SwitchObject', Position = 2, Mandatory = $true)]
        [Parameter(ParameterSetName = 'Name_SwitchObject', Position = 2, Mandatory = $true)]
        [Microsoft.HyperV.PowerShell.VMSwitch]$VMSwitch
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            if ($null -ne $VMSwitch) { $SwitchName = $VMSwitch.Name }
            if ($UseAutomaticConnection) { $SwitchName = @($World.switches)[0].name }
            Assert-FakeSwitch -World $World -Name $SwitchName
            $patterns = if ($null -eq $Name) { @('') } else { $Name }
            foreach ($pattern in $patterns) {
                foreach ($item in @(Resolve-FakeNic -World $World -Adapter $VMNetworkAdapter -VMName $VMName -Name $pattern)) {
                    $item.device.switch = $SwitchName
                    if ($Passthru) { ConvertTo-FakeNicView -World $World -Machine $item.machine -Nic $item.device }
                }
            }
        }
    }
}
