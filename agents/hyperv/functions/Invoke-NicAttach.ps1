function Invoke-NicAttach {
    <#
    .SYNOPSIS
    nic.attach: connects an adapter to a network.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentNic -Job $Job
    Update-AgentNic -Found $found -Spec ([ordered]@{ network = $Job.Spec['network']; connected = $true }) -Resources $Job.Resources
}
