function Invoke-DiskResize {
    <#
    .SYNOPSIS
    disk.resize: makes a disk larger, on SCSI while its machine runs; never smaller.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentDisk -Job $Job
    $change = Set-AgentDiskSize -Found $found -SizeBytes ([long]$Job.Spec['size_bytes']) -Resources $Job.Resources
    New-AgentChanged -Id $found.Device.Id -Changes @($change) -Message "The disk $($found.Device.Name) has $($Job.Spec['size_bytes']) bytes."
}
