function Assert-AgentFileName {
    <#
    .SYNOPSIS
    SPEC_INVALID for a name that Windows takes for a device, or whose last dot it drops: files and folders are named so.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [string] $Name,
        [string] $Pointer = '/name'
    )
    if ($Name.EndsWith('.', [System.StringComparison]::Ordinal) -or $Name.ToUpperInvariant() -cmatch '\A(CON|PRN|AUX|NUL|(COM|LPT)[0-9])(\.|\z)') {
        throw (New-AgentFailure -Code SPEC_INVALID -Message 'Windows has no file of that name: it ends with a dot, or is that of a device.' -Pointer $Pointer)
    }
}
