function Invoke-VmList {
    <#
    .SYNOPSIS
    vm.list: the machines of the host, by state and tag.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vms = @(Get-VM)
    $adapters = @{}
    $missing = $null
    if ($vms.Count -gt 0) {
        # One that is deleted at this moment must not take the others with it: it has no addresses.
        foreach ($adapter in @(Get-VMNetworkAdapter -VM $vms -ErrorAction SilentlyContinue -ErrorVariable missing)) {
            $key = ([guid]$adapter.VMId).ToString()
            if (-not $adapters.ContainsKey($key)) { $adapters[$key] = [System.Collections.Generic.List[object]]::new() }
            $adapters[$key].Add($adapter)
        }
    }
    $problems = @($missing | Where-Object { $null -ne $_ })
    if ($problems.Count -gt 0) { Write-Warning "Network adapters of some machines could not be read: $($problems[-1])" }
    $items = [System.Collections.Generic.List[object]]::new()
    foreach ($vm in $vms) {
        $note = Read-AgentNote -Text $vm.Notes
        $own = @()
        $key = ([guid]$vm.Id).ToString()
        if ($adapters.ContainsKey($key)) { $own = $adapters[$key].ToArray() }
        $item = Get-AgentVmSummary -Vm $vm -Note $note -Adapters $own
        if ($null -ne $Job.Spec['state'] -and $item['state'] -cne $Job.Spec['state']) { continue }
        if ($null -ne $Job.Spec['tag'] -and $item['tags'] -cnotcontains $Job.Spec['tag']) { continue }
        $items.Add($item)
    }
    New-AgentResult -Message "$($items.Count) virtual machines." -Data ([ordered]@{ items = $items.ToArray() })
}
