function Assert-AgentDiskIdle {
    <#
    .SYNOPSIS
    DISK_IN_USE when a machine that is not off has the disk, or stands on it.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [string] $Path,
        [Parameter(Mandatory = $true)] [hashtable] $Resources
    )
    foreach ($id in (Get-AgentDiskUse -Path $Path -Resources $Resources).Users) {
        $vm = Get-AgentVm -Id $id
        if ((ConvertTo-AgentState -State $vm.State) -cne 'off') { throw (New-AgentFailure -Code DISK_IN_USE -Message "The virtual machine $($vm.Name) has the disk and is not off." -Pointer '/disk') }
    }
}
