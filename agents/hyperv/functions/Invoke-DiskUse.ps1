function Invoke-DiskUse {
    <#
    .SYNOPSIS
    disk.use: what a plan looks at before a disk is changed: the machines that have it or stand on it, and how many disks stand on it.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentDisk -Job $Job
    $use = Get-AgentDiskUse -Path $found.Device.Base -Resources $Job.Resources
    New-AgentResult -Message 'Read.' -Data ([ordered]@{ users = $use.Users; children = $use.Children.Count })
}
