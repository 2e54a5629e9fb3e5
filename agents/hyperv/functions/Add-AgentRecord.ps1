function Add-AgentRecord {
    <#
    .SYNOPSIS
    Adds what a stream carried to the logs, at the level of that stream.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[object]] $Logs,
        [Parameter(Mandatory = $true)] [AllowNull()] [AllowEmptyString()] [AllowEmptyCollection()] [object] $Record
    )
    $level = 'info'
    if ($Record -is [System.Management.Automation.ErrorRecord]) { $level = 'error' }
    elseif ($Record -is [System.Management.Automation.WarningRecord]) { $level = 'warn' }
    elseif ($Record -is [System.Management.Automation.VerboseRecord] -or $Record -is [System.Management.Automation.DebugRecord]) { $level = 'debug' }
    Add-AgentLog -Logs $Logs -Level $level -Message ([string]$Record)
}
