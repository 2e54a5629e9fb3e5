function New-AgentResult {
    <#
    .SYNOPSIS
    The result of an operation; the only output of its function that is not stray.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param(
        [ValidateSet('success', 'error', 'partial')] [string] $Status = 'success',
        [AllowNull()] [object] $Code = $null,
        [Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Message,
        [AllowNull()] [object] $Data = $null
    )
    [pscustomobject]@{ PSTypeName = 'Farhand.AgentResult'; Status = $Status; Code = $Code; Message = $Message; Data = $Data }
}
