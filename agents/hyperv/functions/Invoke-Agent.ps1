function Invoke-Agent {
    <#
    .SYNOPSIS
    Reads one job from a stream and returns the text of its result: always one JSON document.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [System.IO.Stream] $InputStream,
        [Parameter(Mandatory = $true)] [System.IO.StringWriter] $Stray
    )
    $logs = [System.Collections.Generic.List[object]]::new()
    $correlation = 'unknown'
    $outcome = $null
    try {
        $job = ConvertTo-AgentJob -Document (ConvertFrom-AgentJson -Text (Read-AgentInput -InputStream $InputStream))
        $correlation = $job.Correlation
        if ($job.Debug) { $VerbosePreference = 'Continue'; $DebugPreference = 'Continue' }
        $outcome = Invoke-AgentOperation -Job $job -Logs $logs
    }
    catch {
        $failure = Resolve-AgentFailure -ErrorRecord $_
        $outcome = New-AgentResult -Status error -Code $failure.code -Message $failure.message -Data $failure.data
    }
    foreach ($line in $Stray.ToString().Split([char]10)) {
        if ($line.Trim() -ne '') { Add-AgentLog -Logs $logs -Level info -Message $line.TrimEnd() }
    }
    $result = [ordered]@{ status = $outcome.Status }
    if ($null -ne $outcome.Code) { $result['code'] = $outcome.Code }
    $result['message'] = Limit-AgentText -Text $outcome.Message
    if ($null -ne $outcome.Data) { $result['data'] = $outcome.Data }
    $result['logs'] = $logs.ToArray()
    $result['correlation_id'] = $correlation
    ConvertTo-AgentJson -Value $result
}
