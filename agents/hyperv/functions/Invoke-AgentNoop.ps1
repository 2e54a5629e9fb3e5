function Invoke-AgentNoop {
    <#
    .SYNOPSIS
    agent.noop: gives the specification back. For measuring the way here, and for tests of the encoding.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    New-AgentResult -Message 'Nothing was done.' -Data ([ordered]@{ spec = $Job.Spec })
}
