function Invoke-HypervSelftest {
    <#
    .SYNOPSIS
    hyperv.selftest: reads what the agent needs of this host; with full: true a small machine's whole life, cleaned up after.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $checks = [System.Collections.Generic.List[object]]::new()
    $check = {
        param($checkName, $checkWork)
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        $entry = [ordered]@{ name = $checkName; ok = $true; code = $null; message = ''; ms = 0 }
        try { $entry.message = Limit-AgentText -Text ([string](& $checkWork)) -Length 300 }
        catch { $failure = Resolve-AgentFailure -ErrorRecord $_; $entry.ok = $false; $entry.code = $failure.code; $entry.message = $failure.message }
        $entry.ms = [long]$watch.ElapsedMilliseconds
        $checks.Add($entry)
        $entry.ok
    }
    $resources = $Job.Resources
    $null = & $check 'powershell' { "$($PSVersionTable.PSVersion)" }
    $null = & $check 'host' { $facts = Get-VMHost; "$($facts.LogicalProcessorCount) processors, $($facts.MemoryCapacity) bytes of memory" }
    $null = & $check 'machines' { "$(@(Get-VM).Count) virtual machines" }
    $null = & $check 'leftovers' { $names = @(Get-VM | ForEach-Object { [string]$_.Name } | Where-Object { $_.StartsWith('farhand-selftest-', [System.StringComparison]::Ordinal) }); if ($names.Count -gt 0) { "Left by a self-test that did not end, or of one that runs: $($names -join ', ')" } else { 'none' } }
    $null = & $check 'management-service' { $null = Get-AgentCimService; 'answers' }
    foreach ($name in @($resources.storage.get_Keys())) { $null = & $check "storage $name" { $path = Resolve-AgentStorage -Name $name -Resources $resources; "$((Get-AgentSpace -Path $path).Free) bytes free" } }
    foreach ($name in @($resources.networks.get_Keys())) { $null = & $check "network $name" { (Resolve-AgentNetwork -Name $name -Resources $resources).Switch.Name } }
    foreach ($name in @($resources.images.get_Keys())) {
        $null = & $check "image $name" {
            $kind = 'disk'
            if (([string]$resources.images.get_Item($name)['path']).EndsWith('.iso', [System.StringComparison]::OrdinalIgnoreCase)) { $kind = 'iso' }
            $path = Resolve-AgentImage -Name $name -Kind $kind -Resources $resources
            if ($kind -ceq 'disk') { "$((Get-VHD -Path $path).Size) bytes" }
        }
    }
    $readsFine = @($checks | Where-Object { -not $_.ok }).Count -eq 0
    if ($true -eq $Job.Spec['full'] -and $readsFine) { Invoke-AgentSelftestLife -Job $Job -Check $check }
    $failed = @($checks | Where-Object { -not $_.ok })
    $message = "$($checks.Count) checks, $($failed.Count) failed."
    if ($true -eq $Job.Spec['full'] -and -not $readsFine) { $message += ' No virtual machine was made: what it needs failed.' }
    $data = [ordered]@{ ok = ($failed.Count -eq 0); checks = $checks.ToArray() }
    if ($failed.Count -eq 0) { return New-AgentResult -Message $message -Data $data }
    New-AgentResult -Status error -Code $failed[0].code -Message $message -Data $data
}
