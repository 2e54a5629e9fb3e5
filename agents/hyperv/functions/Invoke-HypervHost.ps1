function Invoke-HypervHost {
    <#
    .SYNOPSIS
    hyperv.host: what a plan looks at before a machine is made: processors and memory of the host, and the addresses of all adapters.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $facts = Get-VMHost
    # One that never started has no address yet.
    $macs = @(Get-VMNetworkAdapter -All | ForEach-Object { [string]$_.MacAddress } | Where-Object { $_ -match '\A[0-9A-Fa-f]{12}\z' -and $_ -ne '000000000000' } | ForEach-Object { ConvertTo-AgentMac -Mac $_ })
    New-AgentResult -Message "Read for $($Job.Operation)." -Data ([ordered]@{ processors = [long]$facts.LogicalProcessorCount; memory_bytes = [long]$facts.MemoryCapacity; macs = $macs })
}
