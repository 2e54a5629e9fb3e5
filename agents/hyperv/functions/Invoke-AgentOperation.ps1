function Invoke-AgentOperation {
    <#
    .SYNOPSIS
    Runs the function of an operation; all that it writes to any stream goes to the logs, its result is returned.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param(
        [Parameter(Mandatory = $true)] [hashtable] $Job,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[object]] $Logs
    )
    $row = (Get-AgentOperationTable)[$Job.Operation]
    try {
        if ($null -eq $row) { throw (New-AgentFailure -Code OPERATION_UNKNOWN -Message "The agent has no operation $($Job.Operation).") }
        # Plans are made by the relay, from what the reading operations say.
        if ($Job.Plan -and -not $row.Reads) { throw (New-AgentFailure -Code PLAN_UNSUPPORTED -Message 'The agent makes no plans; nothing was changed.') }
        if ($Job.Operation -cne 'agent.noop') { Import-AgentModule }
        $found = [System.Collections.Generic.List[object]]::new()
        & $row.Function -Job $Job *>&1 | ForEach-Object {
            if ($_ -is [psobject] -and $_.PSObject.TypeNames[0] -ceq 'Farhand.AgentResult') { $found.Add($_) } else { Add-AgentRecord -Logs $Logs -Record $_ }
        }
        if ($found.Count -ne 1) { throw (New-AgentFailure -Code DRIVER_FAILED -Message "The agent's function for $($Job.Operation) gave $($found.Count) results.") }
        $found[0]
    }
    catch {
        $failure = Resolve-AgentFailure -ErrorRecord $_
        if ($failure.code -ceq 'DRIVER_FAILED') { Add-AgentLog -Logs $Logs -Level error -Message ([string]$_.ScriptStackTrace) }
        Add-AgentLog -Logs $Logs -Level debug -Message ([string]$_.FullyQualifiedErrorId)
        New-AgentResult -Status error -Code $failure.code -Message $failure.message -Data $failure.data
    }
}
