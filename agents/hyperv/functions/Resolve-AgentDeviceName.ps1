function Resolve-AgentDeviceName {
    <#
    .SYNOPSIS
    The name of a new device: the one given, unless another device has it, or the first of disk0, disk1, ... that is free.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowNull()] [object[]] $Devices,
        [Parameter(Mandatory = $true)] [AllowNull()] [object] $Name,
        [Parameter(Mandatory = $true)] [string] $Stem,
        [string] $Code = 'DISK_EXISTS'
    )
    $taken = @($Devices | Where-Object { $null -ne $_ } | ForEach-Object { $_.Name }) + @('cdrom')
    if ($null -ne $Name) {
        if ($Name -isnot [string] -or $Name -cnotmatch '\A[a-z0-9][a-z0-9_-]{0,31}\z') { throw (New-AgentFailure -Code SPEC_INVALID -Message 'A name of a device has lower-case letters, digits, dashes and underscores.' -Pointer '/name') }
        if ($taken -contains $Name) { throw (New-AgentFailure -Code $Code -Message "The virtual machine has a device named $Name already." -Pointer '/name') }
        return $Name
    }
    for ($index = 0; $true; $index++) { if ($taken -notcontains "$Stem$index") { return "$Stem$index" } }
}
