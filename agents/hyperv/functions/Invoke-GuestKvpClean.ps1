function Invoke-GuestKvpClean {
    <#
    .SYNOPSIS
    guest.kvp-clean: takes back what the host published: the names given, or all that begin with a prefix.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $system = Get-AgentCimVm -Vm $vm
    $there = Get-AgentKvpHost -System $system
    $names = @()
    if ($Job.Spec['names'] -is [array]) { $names = @($Job.Spec['names']) }
    for ($index = 0; $index -lt $names.Count; $index++) { Test-AgentKvpName -Name $names[$index] -Pointer "/names/$index" }
    if ($null -ne $Job.Spec['prefix']) {
        Test-AgentKvpName -Name $Job.Spec['prefix'] -Pointer '/prefix'
        $names += @($there.get_Keys() | Where-Object { $_.StartsWith($Job.Spec['prefix'], [System.StringComparison]::Ordinal) })
    }
    $gone = @($names | Where-Object { $there.Contains($_) } | Select-Object -Unique)
    Remove-AgentKvp -System $system -Names $gone
    New-AgentResult -Message "$($gone.Count) items were taken back." -Data ([ordered]@{ id = (ConvertTo-AgentId -Vm $vm); removed = $gone })
}
