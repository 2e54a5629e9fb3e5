function Invoke-AgentBatch {
    <#
    .SYNOPSIS
    batch: runs steps one after the other until one fails. A step may name what an earlier one answered: {"$result": 0, "path": "id"}.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $steps = $Job.Spec['steps']
    if ($steps -isnot [array] -or $steps.Count -lt 1 -or $steps.Count -gt 256) {
        throw (New-AgentFailure -Code SPEC_INVALID -Message 'steps must be a list of 1 to 256.' -Pointer '/steps')
    }
    $results = [System.Collections.Generic.List[object]]::new()
    $failed = $null
    $last = $null
    for ($index = 0; $index -lt $steps.Count; $index++) {
        $step = $steps[$index]
        $logs = [System.Collections.Generic.List[object]]::new()
        try {
            if ($step -isnot [System.Collections.IDictionary] -or $step['operation'] -isnot [string] -or $step['operation'] -ceq 'batch') {
                throw (New-AgentFailure -Code SPEC_INVALID -Message 'A step is an operation with its resource_spec, and no batch.' -Pointer "/steps/$index")
            }
            $spec = $step['resource_spec']
            if ($null -eq $spec) { $spec = [ordered]@{} }
            if ($spec -isnot [System.Collections.IDictionary]) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'resource_spec is an object.' -Pointer "/steps/$index/resource_spec") }
            $inner = $Job.Clone()
            $inner.Operation = $step['operation']
            $inner.Spec = Resolve-AgentReference -Value $spec -Results $results
            $last = Invoke-AgentOperation -Job $inner -Logs $logs
        }
        catch {
            $failure = Resolve-AgentFailure -ErrorRecord $_
            $last = New-AgentResult -Status error -Code $failure.code -Message $failure.message -Data $failure.data
        }
        foreach ($line in $logs) {
            # By the stream of its level, so that it has that level in the logs of the run.
            $said = "step ${index}: $($line['message'])"
            if ($line['level'] -ceq 'warn') { Write-Warning -Message $said }
            elseif ($line['level'] -ceq 'error') { Write-Error -Message $said -ErrorAction Continue }
            elseif ($line['level'] -ceq 'debug') { Write-Verbose -Message $said -Verbose }
            else { Write-Information -MessageData $said }
        }
        $entry = [ordered]@{ status = $last.Status }
        if ($null -ne $last.Code) { $entry['code'] = $last.Code }
        $entry['message'] = Limit-AgentText -Text $last.Message
        $entry['data'] = $last.Data
        $results.Add($entry)
        if ($last.Status -ceq 'error') { $failed = $index; break }
    }
    $data = [ordered]@{ results = $results.ToArray(); failed = $failed }
    if ($null -eq $failed) { return New-AgentResult -Message "$($steps.Count) steps were done." -Data $data }
    $status = 'partial'
    if ($failed -eq 0) { $status = 'error' }
    New-AgentResult -Status $status -Code $last.Code -Message $last.Message -Data $data
}
