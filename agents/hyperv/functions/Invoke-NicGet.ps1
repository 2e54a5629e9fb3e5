function Invoke-NicGet {
    <#
    .SYNOPSIS
    nic.get: one adapter.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentNic -Job $Job
    $boot = @(Get-AgentBootOrder -Vm $found.Vm -Devices $found.Devices)
    New-AgentResult -Message 'Read.' -Data (Get-AgentNicView -Device $found.Device -Boot $boot -Note $found.Note -Resources $Job.Resources)
}
