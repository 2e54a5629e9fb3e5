# Stands in for Add-VMNetworkAdapter of the Hyper-V module. While the machine runs only on generation 2; a legacy adapter only on generation 1.
function Add-VMNetworkAdapter {
    [CmdletBinding(DefaultParameterSetName = 'VMName', SupportsShouldProcess = $true)]
    [OutputType([Microsoft.HyperV.PowerShell.VMNetworkAdapter])]
    param(
        [Parameter()]
        [Microsoft.HyperV.PowerShell.OnOffState]$DeviceNaming,
        [Parameter()]
        [switch]$DynamicMacAddress,
        [Parameter(ParameterSetName = 'VMName')]
        [Parameter(ParameterSetName = 'VMObject')]
        [bool]$IsLegacy,
        [Parameter()]
        [Alias('VMNetworkAdapterName')][string]$Name,
        [Parameter()]
        [switch]$Passthru,
        [Parameter()]
        [string]$StaticMacAddress,
        [Parameter()]
        [string]$SwitchName,
        [Parameter(ParameterSetName = 'VMObject', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Microsoft.HyperV.PowerShell.VirtualMachine[]]$VM,
        [Parameter(ParameterSetName = 'VMName', Position = 0, Mandatory = $true)]
        [string[]]$VMName
    )
    process {
        if (-not $PSCmdlet.ShouldProcess((Get-FakeTarget -Bound $PSBoundParameters))) { return }
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            foreach ($machine in @(Resolve-FakeVM -World $World -VM $VM -Name $VMName)) {
                if ($SwitchName) { Assert-FakeSwitch -World $World -Name $SwitchName }
                if ($IsLegacy -and $machine.generation -eq 2) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Generation 2 hat keine aelteren Netzwerkadapter.' }
                if ($machine.generation -eq 1) { Assert-FakeOff -Machine $machine -What 'Ein Netzwerkadapter' }
                $most = if ($IsLegacy) { 4 } else { 8 }
                if (@($machine.nics | Where-Object { $_.legacy -eq [bool]$IsLegacy }).Count -ge $most) { Deny-FakeWork -Id 'InvalidParameter' -Message 'Mehr Netzwerkadapter sind nicht moeglich.' }
                $mac = if ($Bound.ContainsKey('StaticMacAddress')) { ConvertTo-FakeMac -Text $StaticMacAddress } else { '' }
                $label = if ($Name) { $Name } else { 'Netzwerkkarte' }
                $nic = Add-FakeNic -Machine $machine -Name $label -Switch "$SwitchName" -Legacy $IsLegacy -Mac $mac
                if ($Bound.ContainsKey('DeviceNaming')) { $nic.naming = "$DeviceNaming" }
                if ($machine.state -ne 'Off' -and $nic.dynamic) { $nic.mac = Get-FakeNewMac -World $World }
                if ($Passthru) { ConvertTo-FakeNicView -World $World -Machine $machine -Nic $nic }
            }
        }
    }
}
