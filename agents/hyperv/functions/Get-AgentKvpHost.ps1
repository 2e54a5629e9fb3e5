function Get-AgentKvpHost {
    <#
    .SYNOPSIS
    What the host has published to a machine; it is kept in the machine's configuration, so it can be read while it is off.
    #>
    [CmdletBinding()]
    [OutputType([array])]
    param([Parameter(Mandatory = $true)] [object] $System)
    $found = [System.Collections.Specialized.OrderedDictionary]::new([System.StringComparer]::Ordinal)
    foreach ($settings in @(Get-CimAssociatedInstance -InputObject $System -ResultClassName 'Msvm_VirtualSystemSettingData' | Where-Object { [string]$_.VirtualSystemType -eq '' -or [string]$_.VirtualSystemType -ceq 'Microsoft:Hyper-V:System:Realized' })) {
        foreach ($component in @(Get-CimAssociatedInstance -InputObject $settings -ResultClassName 'Msvm_KvpExchangeComponentSettingData')) {
            $items = Get-AgentKvpItem -Items @($component.HostExchangeItems)
            foreach ($name in @($items.get_Keys())) { $found[$name] = $items[$name] }
        }
    }
    , $found
}
