# Stands in for Get-VMSwitch of the Hyper-V module.
function Get-VMSwitch {
    [CmdletBinding(DefaultParameterSetName = 'Name')]
    [OutputType([Microsoft.HyperV.PowerShell.VMSwitch])]
    param(
        [Parameter(ParameterSetName = 'Id', Position = 0)]
        [Alias('SwitchId')][guid[]]$Id,
        [Parameter(ParameterSetName = 'Name', Position = 0)]
        [Alias('SwitchName')][string]$Name,
        [Parameter()]
        [Microsoft.HyperV.PowerShell.VMSwitchType[]]$SwitchType
    )
    process {
        Invoke-FakeHyperV -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $found = @($World.switches)
            if ($null -ne $Id) { $found = @($found | Where-Object { $_.id -in @($Id | ForEach-Object { $_.ToString() }) }) }
            if ($Name) { $found = @($found | Where-Object { $_.name -like $Name }) }
            if ($Bound.ContainsKey('SwitchType')) { $found = @($found | Where-Object { $_.type -in @($SwitchType | ForEach-Object { "$_" }) }) }
            if ($found.Count -eq 0 -and $Name -and -not [System.Management.Automation.WildcardPattern]::ContainsWildcardCharacters($Name)) {
                Deny-FakeWork -Id 'InvalidParameter' -Message "Es wurde kein virtueller Switch mit dem Namen $Name gefunden." -Target $Name
            }
            foreach ($item in $found) {
                ConvertTo-FakeObject -Type 'VMSwitch' -Property @{
                    ComputerName = $World.host.name; Id = [guid]$item.id; Name = $item.name; SwitchType = $item.type; Notes = $item.notes
                    AllowManagementOS = $item.type -ne 'Private'; BandwidthReservationMode = $item.bandwidthMode
                    NetAdapterInterfaceDescription = $(if ($item.type -eq 'External') { 'Fake Ethernet Adapter' } else { '' })
                }
            }
        }
    }
}
