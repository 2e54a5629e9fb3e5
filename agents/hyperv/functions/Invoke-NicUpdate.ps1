function Invoke-NicUpdate {
    <#
    .SYNOPSIS
    nic.update: changes an adapter in place.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentNic -Job $Job
    Update-AgentNic -Found $found -Spec $Job.Spec -Resources $Job.Resources
}
