function Get-AgentBootIndex {
    <#
    .SYNOPSIS
    The place of a device in the boot order, from 1; null when it has none.
    #>
    [CmdletBinding()]
    [OutputType([int])]
    param([AllowNull()] [AllowEmptyCollection()] [object[]] $Boot, [Parameter(Mandatory = $true)] [string] $Id)
    $index = 0
    foreach ($device in @($Boot)) {
        if ($null -eq $device) { continue }
        $index++
        if ($device.Id -ceq $Id) { return $index }
    }
    $null
}
