function Get-AgentDrive {
    <#
    .SYNOPSIS
    The drive that a job names, or the first; null when there is none and none was named.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowNull()] [object[]] $Devices,
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Word
    )
    if ($null -eq $Word) { return @($Devices | Where-Object { $null -ne $_ -and $_.Kind -ceq 'cdrom' }) + @($null) | Select-Object -First 1 }
    $found = Find-AgentDevice -Devices $Devices -Word $Word -Kind cdrom
    if ($null -eq $found) { throw (New-AgentFailure -Code DISK_NOT_FOUND -Message 'The virtual machine has no such drive.' -Pointer '/drive') }
    $found
}
