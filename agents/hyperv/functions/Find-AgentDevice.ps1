function Find-AgentDevice {
    <#
    .SYNOPSIS
    The device of an id or a name among those of a machine, or null.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowNull()] [object[]] $Devices,
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Word,
        [string[]] $Kind = @('disk', 'cdrom', 'nic')
    )
    if ($Word -isnot [string]) { return $null }
    $fitting = @($Devices | Where-Object { $null -ne $_ -and $Kind -ccontains $_.Kind })
    $found = @($fitting | Where-Object { $_.Id -ceq $Word }) + @($fitting | Where-Object { $_.Name -ceq $Word })
    if ($found.Count -gt 0) { return $found[0] }
    $null
}
