function Wait-AgentState {
    <#
    .SYNOPSIS
    Waits until a machine is in one of the states; returns the state it is in then, or at the end of the time.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [string] $Id,
        [Parameter(Mandatory = $true)] [string[]] $State,
        [long] $TimeoutMs = 30000
    )
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    while ($true) {
        $now = ConvertTo-AgentState -State (Get-AgentVm -Id $Id).State
        if ($State -ccontains $now -or $watch.ElapsedMilliseconds -ge $TimeoutMs) { return $now }
        Start-Sleep -Milliseconds 200
    }
}
