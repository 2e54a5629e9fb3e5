function Invoke-DiskDetach {
    <#
    .SYNOPSIS
    disk.detach: takes a disk from its machine and keeps it.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $found = Get-AgentDisk -Job $Job
    Remove-AgentDisk -Vm $found.Vm -Device $found.Device
    New-AgentChanged -Id $found.Device.Id -Changes @(New-AgentChange -Field 'vm' -From (ConvertTo-AgentId -Vm $found.Vm) -To $null) -Message "The disk $($found.Device.Name) was detached."
}
