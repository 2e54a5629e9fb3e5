function Get-AgentPatience {
    <#
    .SYNOPSIS
    How long a guest is waited for: wait_ms, two minutes without.
    #>
    [CmdletBinding()]
    [OutputType([long])]
    param([Parameter(Mandatory = $true)] [System.Collections.IDictionary] $Spec)
    $wait = $Spec['wait_ms']
    if ($null -eq $wait) { return [long]120000 }
    if ($wait -isnot [long] -or $wait -lt 0 -or $wait -gt 3600000) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'wait_ms is 0 to 3600000.' -Pointer '/wait_ms') }
    $wait
}
