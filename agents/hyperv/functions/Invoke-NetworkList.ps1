function Invoke-NetworkList {
    <#
    .SYNOPSIS
    network.list: the networks that the host declares, and whether their switches are there.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $switches = @(Get-VMSwitch | ForEach-Object { [string]$_.Name })
    $items = @(foreach ($name in @($Job.Resources.networks.get_Keys())) {
            $network = $Job.Resources.networks.get_Item($name)
            [ordered]@{
                name = $name; description = [string]$network['description']; kind = 'switch'; vlan = $network['vlan']; vlan_supported = $true
                addressing = $network['addressing']; available = ($switches -contains [string]$network['switch'])
            }
        })
    New-AgentResult -Message "$($items.Count) networks." -Data ([ordered]@{ items = $items })
}
