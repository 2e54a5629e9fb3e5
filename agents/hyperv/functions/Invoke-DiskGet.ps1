function Invoke-DiskGet {
    <#
    .SYNOPSIS
    disk.get: one disk.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentDisk -Job $Job -Kind disk, cdrom
    $boot = @()
    if ($null -ne $found.Vm) { $boot = @(Get-AgentBootOrder -Vm $found.Vm -Devices $found.Devices) }
    New-AgentResult -Message 'Read.' -Data (Get-AgentDiskView -Device $found.Device -Vm $found.Vm -Boot $boot -Resources $Job.Resources)
}
