function Invoke-GuestKvpPublish {
    <#
    .SYNOPSIS
    guest.kvp-publish: gives a guest items, each {name, value} of 960 characters at most. Old ones of these names are removed first.
    .DESCRIPTION
    Adding fails as a whole where a name is there already, changing where one is not: so remove, then add.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $items = $Job.Spec['items']
    if ($items -isnot [array] -or $items.Count -lt 1 -or $items.Count -gt 128) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'items is a list of 1 to 128.' -Pointer '/items') }
    $names = @{}
    for ($index = 0; $index -lt $items.Count; $index++) {
        if ($items[$index] -isnot [System.Collections.IDictionary]) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'An item is an object with name and value.' -Pointer "/items/$index") }
        Test-AgentKvpName -Name $items[$index]['name'] -Pointer "/items/$index/name"
        $value = $items[$index]['value']
        if ($value -isnot [string] -or $value.Length -gt 960 -or $value -cnotmatch '\A(?:[\t\n\r\u0020-\ud7ff\ue000-\ufffd]|[\ud800-\udbff][\udc00-\udfff])*\z') { throw (New-AgentFailure -Code SPEC_INVALID -Message 'A value is a text of 960 characters at most, without control characters or halves of pairs.' -Pointer "/items/$index/value") }
        if ($names.ContainsKey($items[$index]['name'])) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'Names must differ.' -Pointer "/items/$index/name") }
        $names[$items[$index]['name']] = $true
    }
    $system = Get-AgentCimVm -Vm $vm
    Remove-AgentKvp -System $system -Names @($names.Keys)
    # Whatever fails now: what was there by these names is gone, and none of the new is there. A repeat does it.
    $null = Invoke-AgentCimMethod -Instance (Get-AgentCimService) -Method 'AddKvpItems' -Arguments @{ TargetSystem = $system; DataItems = [string[]]@($items | ForEach-Object { ConvertTo-AgentKvpText -Name $_['name'] -Value $_['value'] }) }
    New-AgentResult -Message "$($items.Count) items were published." -Data ([ordered]@{ id = (ConvertTo-AgentId -Vm $vm); published = @($items | ForEach-Object { $_['name'] }) })
}
