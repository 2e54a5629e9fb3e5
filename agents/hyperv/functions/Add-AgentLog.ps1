function Add-AgentLog {
    <#
    .SYNOPSIS
    Adds a line to the logs of the result: 200 lines of 2,000 characters at most.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[object]] $Logs,
        [Parameter(Mandatory = $true)] [ValidateSet('debug', 'info', 'warn', 'error')] [string] $Level,
        [Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Message
    )
    if ($Message -eq '' -or $Logs.Count -gt 199) { return }
    if ($Logs.Count -eq 199) { $Message = 'More was written, and dropped.'; $Level = 'warn' }
    $Logs.Add([ordered]@{ level = $Level; message = (Limit-AgentText -Text $Message) })
}
