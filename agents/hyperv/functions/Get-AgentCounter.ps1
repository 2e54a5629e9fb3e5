function Get-AgentCounter {
    <#
    .SYNOPSIS
    Instances of a class of performance counters, by their names in lower case: a list each, since two may have one name. Null: it cannot be read.
    .DESCRIPTION
    The account needs to be in Performance Monitor Users. Raw counters: bytes and operations are counted whole, times are in 100 ns.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [string] $Class,
        [Parameter(Mandatory = $true)] [string[]] $Property,
        [AllowEmptyString()] [string] $Filter = ''
    )
    $query = "SELECT Name, $($Property -join ', ') FROM $Class"
    if ($Filter -ne '') { $query += " WHERE $Filter" }
    try { $found = @(Get-CimInstance -Namespace 'root\cimv2' -Query $query -OperationTimeoutSec 8 -ErrorAction Stop) }
    catch {
        Write-Verbose "The counters of $Class cannot be read: $_"
        return $null
    }
    $counters = @{}
    foreach ($instance in $found) {
        # Of two instances of one name the second may be called name#1.
        $key = ([string]$instance.Name).ToLowerInvariant() -creplace '#[0-9]+\z', ''
        if (-not $counters.ContainsKey($key)) { $counters[$key] = [System.Collections.Generic.List[object]]::new() }
        $counters[$key].Add($instance)
    }
    $counters
}
