function Test-AgentKvpName {
    <#
    .SYNOPSIS
    SPEC_INVALID for a name that is none: printable ASCII without spaces, 200 at most.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param([Parameter(Mandatory = $true)] [AllowNull()] [object] $Name, [Parameter(Mandatory = $true)] [string] $Pointer)
    if ($Name -isnot [string] -or $Name -cnotmatch '\A[!-~]{1,200}\z') { throw (New-AgentFailure -Code SPEC_INVALID -Message 'A name is printable ASCII without spaces, 200 characters at most.' -Pointer $Pointer) }
}
