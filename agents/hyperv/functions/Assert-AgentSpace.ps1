function Assert-AgentSpace {
    <#
    .SYNOPSIS
    STORAGE_FULL when a folder's volume has less free than that.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [string] $Path,
        [Parameter(Mandatory = $true)] [long] $Bytes,
        [string] $Pointer = '/storage_class'
    )
    $free = (Get-AgentSpace -Path $Path).Free
    if ($null -ne $free -and $free -lt $Bytes) { throw (New-AgentFailure -Code STORAGE_FULL -Message "$Bytes bytes are needed, $free are free." -Pointer $Pointer) }
}
